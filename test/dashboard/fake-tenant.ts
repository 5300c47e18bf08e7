import type { KubernetesObject, Phase, Tenant, TenantOutputs } from '../../api/dashboard/src/types.ts';
import { type catalog, findPlan } from '../../tenants/catalog/index.ts';

/** What the tenant program returns for a tenant with a pool of pods and a schema of its own. */
export function tenantOutputs(namespace: string, tenantId: string): TenantOutputs {
  const object = (apiVersion: string, kind: string, name: string): KubernetesObject => ({
    apiVersion,
    kind,
    name,
    namespace: kind === 'Namespace' ? null : namespace,
  });
  return {
    namespace,
    serviceUrl: `http://tenant.${namespace}.svc:8080`,
    database: {
      name: 'tenants',
      schema: `tenant_${tenantId}`,
      role: `tenant_${tenantId}`,
      secretName: 'database',
    },
    objects: [
      object('v1', 'Namespace', namespace),
      object('v1', 'ResourceQuota', 'tenant'),
      object('v1', 'LimitRange', 'tenant'),
      object('networking.k8s.io/v1', 'NetworkPolicy', 'default-deny'),
      object('networking.k8s.io/v1', 'NetworkPolicy', 'allow-dns'),
      object('networking.k8s.io/v1', 'NetworkPolicy', 'allow-product'),
      object('v1', 'ServiceAccount', 'tenant'),
      object('rbac.authorization.k8s.io/v1', 'Role', 'tenant-admin'),
      object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'tenant-admin'),
      object('v1', 'Secret', 'database'),
      object('apps/v1', 'Deployment', 'browser-pool'),
      object('v1', 'Service', 'tenant'),
      object('autoscaling/v2', 'HorizontalPodAutoscaler', 'browser-pool'),
      object('policy/v1', 'PodDisruptionBudget', 'browser-pool'),
    ],
  };
}

/** An active tenant of Browsers, active since now. */
export function activeTenant(id: string, plan: string): Tenant {
  const now = new Date().toISOString();
  const namespace = `customer-${id}`;
  return {
    id,
    product: 'browsers',
    plan,
    slug: id,
    namespace,
    region: 'us-east-1',
    cell: 'us-east-1-a',
    owner: 'johndoe',
    phase: 'active' satisfies Phase,
    desired: { state: 'active', plan, generation: 1 },
    observed: { generation: 1, plan },
    health: {
      state: 'running',
      message: null,
      wanted: 1,
      ready: 1,
      sizes: [],
      since: null,
      lookedAt: null,
    },
    reason: null,
    nextTryAt: null,
    subscription: {
      id: 'sub_1Q8Zr2',
      status: 'active',
      currentPeriodEnd: '2027-01-21T03:00:00Z',
      cancelAtPeriodEnd: false,
    },
    outputs: tenantOutputs(namespace, id),
    createdAt: now,
    requestedAt: now,
    activeAt: now,
    deleteAfter: null,
  };
}

/** A product as the service answers it. */
export function productAnswer(product: (typeof catalog)[number]) {
  const { id, name, description, plans, meters, namespace } = product;
  return {
    id,
    name,
    description,
    meters,
    namespace,
    plans: plans.map((plan) => ({
      id: plan.id,
      name: plan.name,
      price: { currency: 'usd', ...findPlan(id, plan.id)?.price },
      features: plan.features,
      limits: { ...plan.quota, ...plan.compute, volumeBytes: plan.volumeBytes },
      entitlements: plan.entitlements,
    })),
  };
}
