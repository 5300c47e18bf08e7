import { describe, expect, inject, test } from 'vitest';
import { labelsOf, apiPort as platformApiPort } from '../../infra/control-plane/names.ts';
import { apiLabels, apiPort } from '../../tenants/isolation.ts';
import type { Container, Manifest, PodSpec } from '../../tenants/manifest.ts';
import { apiKeyOf, apiKeySecret } from '../../tenants/pod-contract.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import type { Tenant } from '../../tenants/tenant.ts';
import { apply, removeNamespaces } from './cluster.ts';
import { everyPlan, freshTenantId, manifestsOf, tenantOf } from './specs.ts';

/** A tenant of a product whose container reads it. */
function reading(changes: Partial<TenantSpec> = {}, plan = 'free'): Tenant {
  const tenant = tenantOf('agents', plan, changes);
  return {
    ...tenant,
    product: { ...tenant.product, runtime: { ...tenant.product.runtime, readsTenant: true } },
  };
}

const find = (manifests: readonly Manifest[], kind: string, name?: string) =>
  manifests.find((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
const podOf = (tenant: Tenant) =>
  (find(manifestsOf(tenant), 'Deployment') as unknown as { spec: { template: { spec: PodSpec } } }).spec
    .template;
const containerOf = (tenant: Tenant) => podOf(tenant).spec.containers[0] as Container;
const fileOf = (tenant: Tenant) => {
  const { data } = find(manifestsOf(tenant), 'ConfigMap', 'tenant') as unknown as {
    data: Record<string, string>;
  };
  return JSON.parse(data['tenant.json'] ?? '') as Record<string, unknown>;
};

describe('a container that reads its tenant', () => {
  test('finds who the tenant is and what it may do', () => {
    expect(fileOf(reading({ region: 'eu-west-1', seats: 3 }))).toEqual({
      tenantId: 'a1b2c3d4',
      slug: 'acme',
      product: 'agents',
      plan: 'free',
      state: 'active',
      region: 'eu-west-1',
      seats: 3,
      entitlements: tenantOf('agents', 'free').plan.entitlements,
    });
  });

  test('has its places in the environment, and files mounted there, read-only', () => {
    const container = containerOf(reading());
    const environment = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
    expect(environment).toMatchObject({
      TENANTRY_TENANT_ID: 'a1b2c3d4',
      TENANTRY_TENANT_FILE: '/run/tenantry/tenant.json',
      TENANTRY_API_URL: 'http://api.tenantry-system.svc.cluster.local',
      TENANTRY_API_KEY_FILE: '/run/secrets/tenantry/key',
      DATABASE_URL_FILE: '/run/secrets/database/url',
    });
    const mounts = Object.fromEntries(
      (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => [name, { mountPath, readOnly }]),
    );
    expect(mounts).toMatchObject({
      tenant: { mountPath: '/run/tenantry', readOnly: true },
      'api-key': { mountPath: '/run/secrets/tenantry', readOnly: true },
    });
    expect(podOf(reading()).spec.volumes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'tenant', configMap: expect.objectContaining({ name: 'tenant' }) }),
        expect.objectContaining({
          name: 'api-key',
          secret: expect.objectContaining({ secretName: 'tenantry-api' }),
        }),
      ]),
    );
  });

  test('is told of another plan by the file alone: no pod restarts for it but for its size', () => {
    const before = reading({}, 'free');
    const after = {
      ...reading({}, 'pro'),
      plan: { ...reading({}, 'pro').plan, compute: before.plan.compute },
    };
    expect(podOf(after)).toEqual(podOf(before));
    expect(fileOf(after)).not.toEqual(fileOf(before));
  });

  test('may reach the API, which nobody else of its kind may', () => {
    const egress = (tenant: Tenant) =>
      JSON.stringify(find(manifestsOf(tenant), 'NetworkPolicy', 'allow-agents'));
    const rule = JSON.stringify({ podSelector: { matchLabels: apiLabels } }).slice(1, -1);
    expect(egress(reading())).toContain(rule);
    expect(egress(tenantOf('agents', 'free'))).not.toContain(rule);
    expect({ labels: apiLabels, port: apiPort }).toEqual({ labels: labelsOf('api'), port: platformApiPort });
  });

  test('of a product of ours there is none: nothing is made that nothing reads', () => {
    for (const [product, plan] of everyPlan)
      expect(find(manifestsOf(tenantOf(product, plan)), 'ConfigMap')).toBeUndefined();
  });

  test('runs under the restrictions of its namespace on a real API server', async () => {
    const tenantId = freshTenantId();
    const tenant = reading({ tenantId, namespace: `agents-${tenantId}` });
    try {
      const secret = apiKeySecret(tenant, apiKeyOf(tenantId, 'x'.repeat(43)).text);
      expect(await apply([...manifestsOf(tenant), secret])).toMatchObject({ ok: true });
    } finally {
      await removeNamespaces([tenant.spec.namespace]);
    }
    expect(inject('kubeconfig')).toBeTruthy();
  });
});
