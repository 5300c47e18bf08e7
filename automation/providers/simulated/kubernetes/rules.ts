import type { JsonObject } from '../../kubernetes/client.ts';

/** Kinds without a namespace: Kubernetes' own and those of the operators that the platform installs. */
const clusterScoped = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'ClusterIssuer',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'EC2NodeClass',
  'FlowSchema',
  'IngressClass',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'Namespace',
  'NodeClaim',
  'NodePool',
  'PersistentVolume',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
  'VolumeSnapshotClass',
  'VolumeSnapshotContent',
]);

export function isClusterScoped(kind: string): boolean {
  return clusterScoped.has(kind);
}

const identity = ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace'];

/** Fields that the API refuses to change (its validation, pkg/apis/…/validation in kubernetes/kubernetes). */
const fields: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ['roleRef'],
  DaemonSet: ['spec.selector'],
  Deployment: ['spec.selector'],
  Job: ['spec.selector', 'spec.template', 'spec.completionMode', 'spec.podFailurePolicy'],
  PersistentVolumeClaim: ['spec.accessModes', 'spec.storageClassName', 'spec.volumeName', 'spec.selector'],
  PriorityClass: ['value', 'preemptionPolicy'],
  ReplicaSet: ['spec.selector'],
  RoleBinding: ['roleRef'],
  Secret: ['type'],
  StatefulSet: ['spec.selector', 'spec.serviceName', 'spec.volumeClaimTemplates', 'spec.podManagementPolicy'],
  StorageClass: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'],
};

/** Paths whose change needs a new object. */
export function immutableFields(kind: string, old: JsonObject): readonly string[] {
  const data = (kind === 'Secret' || kind === 'ConfigMap') && old.immutable === true;
  return [...identity, ...(fields[kind] ?? []), ...(data ? ['data', 'stringData', 'binaryData'] : [])];
}
