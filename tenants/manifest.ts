import type { input } from '@pulumi/kubernetes/types/index.js';
import type { Unwrap } from '@pulumi/pulumi';

/** Every object has a name that is the same in every run, so that an existing object is found again. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** A kind of object as plain data, with the fields of the Kubernetes API. */
type Plain<Input, ApiVersion extends string, Kind extends string> = Omit<
  Unwrap<Input>,
  'apiVersion' | 'kind' | 'metadata' | 'status'
> & { apiVersion: ApiVersion; kind: Kind; metadata: ObjectMeta };

export type Namespace = Plain<input.core.v1.Namespace, 'v1', 'Namespace'>;
export type ResourceQuota = Plain<input.core.v1.ResourceQuota, 'v1', 'ResourceQuota'>;
export type LimitRange = Plain<input.core.v1.LimitRange, 'v1', 'LimitRange'>;
export type ConfigMap = Plain<input.core.v1.ConfigMap, 'v1', 'ConfigMap'>;
export type ServiceAccount = Plain<input.core.v1.ServiceAccount, 'v1', 'ServiceAccount'>;
export type Service = Plain<input.core.v1.Service, 'v1', 'Service'>;
export type PersistentVolumeClaim = Plain<input.core.v1.PersistentVolumeClaim, 'v1', 'PersistentVolumeClaim'>;
export type NetworkPolicy = Plain<input.networking.v1.NetworkPolicy, 'networking.k8s.io/v1', 'NetworkPolicy'>;
export type Role = Plain<input.rbac.v1.Role, 'rbac.authorization.k8s.io/v1', 'Role'>;
export type RoleBinding = Plain<input.rbac.v1.RoleBinding, 'rbac.authorization.k8s.io/v1', 'RoleBinding'>;
export type Deployment = Plain<input.apps.v1.Deployment, 'apps/v1', 'Deployment'>;
export type HorizontalPodAutoscaler = Plain<
  input.autoscaling.v2.HorizontalPodAutoscaler,
  'autoscaling/v2',
  'HorizontalPodAutoscaler'
>;
export type PodDisruptionBudget = Plain<
  input.policy.v1.PodDisruptionBudget,
  'policy/v1',
  'PodDisruptionBudget'
>;

/** A custom resource of `k8s.io/autoscaler`, with the fields that we use. */
export interface VerticalPodAutoscaler extends Manifest {
  apiVersion: 'autoscaling.k8s.io/v1';
  kind: 'VerticalPodAutoscaler';
  spec: {
    targetRef: { apiVersion: string; kind: string; name: string };
    updatePolicy: { updateMode: 'Off' };
  };
}

/** Every kind of object in a tenant's namespace, besides the Secret of its database. */
export type NamespacedManifest =
  | ResourceQuota
  | LimitRange
  | ConfigMap
  | ServiceAccount
  | Service
  | PersistentVolumeClaim
  | NetworkPolicy
  | Role
  | RoleBinding
  | Deployment
  | HorizontalPodAutoscaler
  | VerticalPodAutoscaler
  | PodDisruptionBudget;

export type PodSpec = Unwrap<input.core.v1.PodSpec>;
export type Container = Unwrap<input.core.v1.Container>;
export type Probe = Unwrap<input.core.v1.Probe>;
export type NetworkPolicyPeer = Unwrap<input.networking.v1.NetworkPolicyPeer>;
export type NetworkPolicyPort = Unwrap<input.networking.v1.NetworkPolicyPort>;
