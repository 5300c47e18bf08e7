import * as pulumi from '@pulumi/pulumi';
import { describe, expect, test } from 'vitest';
import { checkPolicies } from '../../infra/policy/check.ts';
import {
  type PolicyResource,
  policyResources,
  type RegisteredResource,
} from '../../infra/policy/resource.ts';
import { tenantProgram } from '../../tenants/program.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import { infraGraph, stackNames } from '../support/infra-graph.ts';
import { everyPlan, specOf } from '../tenants/specs.ts';
import { resourcesOfGraph } from './resources.ts';

/** Tenantry's own declarations break no rule. */

describe('the platform', () => {
  test.each(stackNames)('%s breaks no rule', async (stack) => {
    const resources = resourcesOfGraph(await infraGraph(stack));
    expect(resources.length).toBeGreaterThan(50);
    expect(checkPolicies(resources)).toEqual([]);
  });
});

describe('a tenant', () => {
  test.each(everyPlan)('of %s %s breaks no rule, active or suspended', async (product, plan) => {
    for (const state of ['active', 'suspended'] as const) {
      const resources = await tenantResources(specOf(product, plan, { state }));
      expect(resources.length).toBeGreaterThan(8);
      expect(checkPolicies(resources)).toEqual([]);
    }
  });
});

/** Resources that the tenant program declares for a spec. */
async function tenantResources(spec: TenantSpec): Promise<readonly PolicyResource[]> {
  const registered: RegisteredResource[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const urn = `urn:pulumi:${spec.tenantId}::tenantry::${type}::${name}`;
        registered.push({ type, urn, props: inputs, id: `${name}-id` });
        const database = { host: 'database.example.com', port: 5432, database: 'tenants' };
        return { id: `${name}-id`, state: { ...database, ...inputs, result: 'a-password' } };
      },
      call: () => ({}),
    },
    'tenantry',
    spec.tenantId,
    false,
  );
  await tenantProgram(spec);
  await pulumi.runtime.disconnect();
  return policyResources(registered);
}
