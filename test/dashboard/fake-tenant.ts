import type { KubernetesObject, TenantOutputs } from '../../api/dashboard/src/types.ts';

/** What the tenant program hands back for a tenant with a pool of pods and a schema of its own. */
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
