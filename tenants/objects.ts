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

/** A tenant's Kubernetes objects in groups that must follow each other. Within a group, order does not matter. */
export interface TenantObjects {
  readonly namespace: Namespace;
  /** Made before anything runs or counts against the quota. */
  readonly foundation: readonly Exclude<NamespacedManifest, Deployment>[];
  /**
   * The quota, made after the volume and the service: the API server refuses whatever a new quota counts until it has
   * counted the first time.
   */
  readonly quota: NamespacedManifest;
  /** Made last, so that its pods are limited, isolated and have their account; null where the plan runs none. */
  readonly workload: Deployment | null;
}

/** Every Kubernetes object of a tenant as data, except the Secret of its database. The same spec gives the same bytes. */
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
