import {
  allowDns,
  allowProduct,
  allowSandboxes,
  defaultDeny,
  limitRange,
  namespace,
  resourceQuota,
  role,
  roleBinding,
  serviceAccount,
} from './isolation.ts';
import type { Deployment, Namespace, NamespacedManifest } from './manifest.ts';
import { tenantConfigMap } from './pod-contract.ts';
import { autoscaler, disruptionBudget, verticalAutoscaler } from './scaling.ts';
import { volumeClaim } from './storage.ts';
import type { Tenant } from './tenant.ts';
import { deployment, service } from './workload.ts';

/** A tenant's Kubernetes objects in groups that must follow one another; within a group order is free. */
export interface TenantObjects {
  readonly namespace: Namespace;
  /** What the namespace contains before anything runs or is counted. */
  readonly foundation: readonly Exclude<NamespacedManifest, Deployment>[];
  /**
   * The quota, once the volume and the service exist: until the API server has first counted a new quota, it refuses
   * whatever the quota counts.
   */
  readonly quota: NamespacedManifest;
  /** Pods, once they are limited, isolated and have their account. Null where the plan runs none. */
  readonly workload: Deployment | null;
}

/** Every Kubernetes object of a tenant, except the Secret of its database, as data: the same spec, the same bytes. */
export function tenantObjects(tenant: Tenant): TenantObjects {
  return {
    namespace: namespace(tenant),
    foundation: [
      defaultDeny(tenant),
      allowDns(tenant),
      allowProduct(tenant),
      allowSandboxes(tenant),
      limitRange(tenant),
      serviceAccount(tenant),
      tenantConfigMap(tenant),
      role(tenant),
      roleBinding(tenant),
      volumeClaim(tenant),
      service(tenant),
      autoscaler(tenant),
      verticalAutoscaler(tenant),
      disruptionBudget(tenant),
    ].filter((manifest) => manifest !== null),
    quota: resourceQuota(tenant),
    workload: deployment(tenant),
  };
}
