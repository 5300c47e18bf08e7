import { describe, expect, test } from 'vitest';
import type { Deployment } from '../../tenants/manifest.ts';
import { defaultCell } from '../../tenants/tenant.ts';
import { deployment } from '../../tenants/workload.ts';
import { everyPlan, tenantOf } from './specs.ts';

const podOf = (workload: Deployment | null) => workload?.spec?.template?.spec;

const plans = everyPlan.filter(([product, plan]) => deployment(tenantOf(product, plan)) !== null);

describe('pods of tenants', () => {
  test.each(plans)('%s %s: run on any node where the cell keeps none for them', (product, plan) => {
    const pod = podOf(deployment(tenantOf(product, plan)));
    expect(pod).toBeDefined();
    expect(pod).not.toHaveProperty('nodeSelector');
    expect(pod).not.toHaveProperty('tolerations');
  });

  test.each(plans)('%s %s: run on the nodes of tenants only where the cell has them', (product, plan) => {
    const cell = { ...defaultCell, nodePool: 'tenants' };
    expect(podOf(deployment({ ...tenantOf(product, plan), cell }))).toMatchObject({
      nodeSelector: { 'tenantry.dev/pool': 'tenants' },
      tolerations: [{ key: 'tenantry.dev/pool', operator: 'Equal', value: 'tenants', effect: 'NoSchedule' }],
    });
  });
});
