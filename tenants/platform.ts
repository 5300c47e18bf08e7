import type { input } from '@pulumi/kubernetes/types/index.js';
import type { Unwrap } from '@pulumi/pulumi';
import { maxTerminationGraceSeconds } from './catalog/types.ts';
import { peopleGroupPrefix, writableResources } from './isolation.ts';
import { managedBy, nodePoolLabel, sandboxLabel } from './labels.ts';
import type { Manifest, ObjectMeta } from './manifest.ts';
import { type Cell, defaultCell } from './tenant.ts';

/**
 * Objects that exist once in a cluster and that all tenants rely on: the control plane's namespace, the priority of tenant
 * pods, and a guard against what no tenant may ever do. The platform program applies them on a real cluster, the embedded
 * default at its start; both by server-side apply.
 */
export function platformManifests(cell: Cell = defaultCell): Manifest[] {
  return [controlPlaneNamespace(cell), priorityClass, admissionPolicy(cell), admissionPolicyBinding];
}

export const priorityClassName = 'tenantry-tenant';

const guardName = 'tenantry-tenant-guard';

type PriorityClass = Manifest &
  Omit<Unwrap<input.scheduling.v1.PriorityClass>, 'apiVersion' | 'kind' | 'metadata'>;
type AdmissionPolicy = Manifest &
  Pick<Unwrap<input.admissionregistration.v1.ValidatingAdmissionPolicy>, 'spec'>;
type AdmissionPolicyBinding = Manifest &
  Pick<Unwrap<input.admissionregistration.v1.ValidatingAdmissionPolicyBinding>, 'spec'>;

function controlPlaneNamespace(cell: Cell): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: cell.controlPlaneNamespace,
      labels: {
        ...platformLabels,
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/enforce-version': 'latest',
      },
    },
  };
}

/** Not `managed-by: tenantry`, which marks a tenant's objects. */
const platformLabels = { 'app.kubernetes.io/part-of': 'tenantry-platform' };

const priorityClass: PriorityClass = {
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: clusterScoped(priorityClassName),
  // Lower than everything that the platform runs (0 and more): tenants wait for room, the control plane does not.
  value: -100,
  globalDefault: false,
  preemptionPolicy: 'Never',
  description: 'Pods of tenants: they wait for room and never push out others.',
};

/** The finalizers that Kubernetes itself sets and removes. */
export const systemFinalizers: readonly string[] = [
  'foregroundDeletion',
  'orphan',
  'kubernetes.io/pvc-protection',
  'batch.kubernetes.io/job-tracking',
  'service.kubernetes.io/load-balancer-cleanup',
];

/** Kinds of volumes that hold only the tenant's own data. */
const volumeKinds = [
  'configMap',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** Taints that the API server lets every pod tolerate for a while. */
const usualTolerations = ['not-ready', 'unreachable', 'memory-pressure'].map(
  (name) => `node.kubernetes.io/${name}`,
);

/** Largest ConfigMap, and most annotations of an object: with the number of objects they limit a tenant's share of etcd. */
const maxConfigMapBytes = 256 * 1024;
const maxAnnotationBytes = 64 * 1024;

/**
 * Repeats what Pod Security at level `restricted` forbids, for namespaces whose labels are not to be trusted. Also forbids
 * what that level allows:
 *
 * - node ports, load balancers, external addresses;
 * - a priority other than the tenants' (an empty one is higher), and the choice of a node or of a pool of nodes;
 * - finalizers and grace periods that hold up the end of a tenant;
 * - Secrets in what a tenant's people make, because they may not read Secrets;
 * - sandboxes that know something of their tenant.
 *
 * It checks pods, and the templates of pods, when they are made and when their spec changes. A request that only removes a
 * finalizer always passes.
 */
function admissionPolicy(cell: Cell): AdmissionPolicy {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: clusterScoped(guardName),
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        namespaceSelector: { matchLabels: managedBy },
        resourceRules: [
          ...writableResources(),
          { apiGroups: [''], resources: ['pods/ephemeralcontainers'] },
        ].map((rule) => ({ ...rule, apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'] })),
      },
      variables: [
        {
          name: 'byTenant',
          expression: `request.userInfo.?groups.orValue([]).exists(g, g.startsWith("${peopleGroupPrefix}"))`,
        },
        { name: 'template', expression: 'object.kind in ["Deployment", "Job"]' },
        { name: 'pod', expression: 'variables.template ? object.spec.template.spec : object.spec' },
        {
          name: 'changed',
          expression:
            'oldObject == null || variables.pod != (variables.template ? oldObject.spec.template.spec : oldObject.spec)',
        },
        {
          name: 'containers',
          expression: ['containers', 'initContainers', 'ephemeralContainers']
            .map((list) => `variables.pod.?${list}.orValue([])`)
            .join(' + '),
        },
        { name: 'volumes', expression: 'variables.pod.?volumes.orValue([])' },
        {
          name: 'readsSecrets',
          expression: [
            'variables.volumes.exists(v, has(v.secret) || (has(v.projected) && v.projected.?sources.orValue([]).exists(s, has(s.secret))))',
            'variables.containers.exists(c, c.?envFrom.orValue([]).exists(e, has(e.secretRef)) || c.?env.orValue([]).exists(e, has(e.valueFrom) && has(e.valueFrom.secretKeyRef)))',
            'variables.pod.?imagePullSecrets.orValue([]).size() > 0',
          ].join(' || '),
        },
      ],
      validations: [
        service(
          'object.spec.?type.orValue("ClusterIP") == "ClusterIP"',
          'a tenant service must be of type ClusterIP',
        ),
        service(
          'object.spec.?externalIPs.orValue([]).size() == 0',
          'a tenant service must not claim external addresses',
        ),
        pod(
          '!variables.pod.?hostNetwork.orValue(false) && !variables.pod.?hostPID.orValue(false) && !variables.pod.?hostIPC.orValue(false)',
          'a tenant pod must not use namespaces of its host',
        ),
        pod('variables.volumes.all(v, !has(v.hostPath))', 'a tenant pod must not mount paths of its host'),
        pod(
          `variables.volumes.all(v, ${volumeKinds.map((kind) => `has(v.${kind})`).join(' || ')})`,
          `a tenant pod must mount only volumes of the kinds ${volumeKinds.join(', ')}`,
        ),
        pod(
          'variables.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0))',
          'a tenant pod must not take ports of its host',
        ),
        pod(
          `variables.pod.?priorityClassName.orValue("") == "${priorityClassName}"`,
          `a tenant pod must have the priority ${priorityClassName} (priorityClassName)`,
        ),
        pod(
          '!has(variables.pod.nodeName) || variables.pod.nodeName == "" || (object.kind == "Pod" && request.operation == "UPDATE")',
          'a tenant pod must leave its node to the scheduler (nodeName)',
        ),
        pod(...onPool(cell)),
        pod(
          `variables.pod.?tolerations.orValue([]).all(t, ${tolerated(cell)})`,
          'a tenant pod must tolerate no taints but those of the nodes for tenants',
        ),
        pod(
          `variables.pod.?terminationGracePeriodSeconds.orValue(0) <= ${maxTerminationGraceSeconds} && variables.containers.all(c, ["livenessProbe", "startupProbe"].all(p, !(p in c) || c[p].?terminationGracePeriodSeconds.orValue(0) <= ${maxTerminationGraceSeconds}))`,
          `a tenant pod must end within ${maxTerminationGraceSeconds} s (terminationGracePeriodSeconds)`,
        ),
        pod(
          '!variables.byTenant || object.kind == "Deployment" || !variables.readsSecrets',
          'what the people of a tenant run must not read Secrets, which they may not read themselves',
        ),
        {
          expression: [
            'object == null || oldObject == null || !variables.byTenant || object.kind != "Deployment"',
            `(${[
              'variables.pod == oldObject.spec.template.spec',
              'object.spec.template.metadata.?labels == oldObject.spec.template.metadata.?labels',
              ...[
                'strategy',
                'paused',
                'minReadySeconds',
                'progressDeadlineSeconds',
                'revisionHistoryLimit',
              ].map((field) => `object.spec.?${field} == oldObject.spec.?${field}`),
            ].join(' && ')})`,
          ].join(' || '),
          message: 'the people of a tenant may scale and restart its workload, and change nothing else of it',
        },
        {
          expression: [
            'object == null || !(object.kind == "Pod" || variables.byTenant)',
            `object.metadata.?finalizers.orValue([]).all(f, f in ${JSON.stringify(systemFinalizers)} || (oldObject != null && f in oldObject.metadata.?finalizers.orValue([])))`,
          ].join(' || '),
          message: 'nothing of a tenant may hold up its own deletion (finalizers)',
        },
        {
          expression: `object != null || !variables.byTenant || request.options.?gracePeriodSeconds.orValue(0) <= ${maxTerminationGraceSeconds}`,
          message: `a deletion must grant at most ${maxTerminationGraceSeconds} s (gracePeriodSeconds)`,
        },
        {
          expression: `object == null || !variables.byTenant || ${bytesOf('object.metadata.?annotations.orValue({})')} <= ${maxAnnotationBytes}`,
          message: `an object of a tenant must have at most ${maxAnnotationBytes} bytes of annotations`,
        },
        {
          expression: `object == null || !variables.byTenant || object.kind != "ConfigMap" || ${bytesOf('object.?data.orValue({})')} + ${bytesOf('object.?binaryData.orValue({})')} <= ${maxConfigMapBytes}`,
          message: `a ConfigMap of a tenant must have at most ${maxConfigMapBytes} bytes`,
        },
        sandbox(
          'variables.volumes.all(v, has(v.emptyDir))',
          'a sandbox must mount nothing but scratch space: no Secret, no volume, no token of the API',
        ),
        sandbox('!variables.readsSecrets', 'a sandbox must not read Secrets'),
      ],
    },
  };
}

/** Without the selector a pod could run on the platform's own nodes. */
function onPool({ nodePool }: Cell): [expression: string, message: string] {
  const chosen = `variables.pod.?nodeSelector[?"${nodePoolLabel}"].orValue("")`;
  return nodePool === null
    ? [`${chosen} == ""`, `a tenant pod must not choose a pool of nodes (nodeSelector ${nodePoolLabel})`]
    : [
        `${chosen} == "${nodePool}"`,
        `a tenant pod must choose the nodes for tenants (nodeSelector ${nodePoolLabel}: ${nodePool})`,
      ];
}

function tolerated({ nodePool }: Cell): string {
  const usual = `t.?key.orValue("") in ${JSON.stringify(usualTolerations)}`;
  if (nodePool === null) return usual;
  return `${usual} || (t.?key.orValue("") == "${nodePoolLabel}" && t.?operator.orValue("Equal") == "Equal" && t.?value.orValue("") == "${nodePool}")`;
}

/** Adds up the lengths of a map's values. */
function bytesOf(map: string): string {
  return `([0] + ${map}.map(k, size(${map}[k]))).sum()`;
}

const admissionPolicyBinding: AdmissionPolicyBinding = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: clusterScoped(guardName),
  spec: { policyName: guardName, validationActions: ['Deny'] },
};

function service(expression: string, message: string) {
  return { expression: `object == null || object.kind != "Service" || (${expression})`, message };
}

/** A rule for pods and for the templates of Deployments and Jobs. */
function pod(expression: string, message: string) {
  return {
    expression: `object == null || !(object.kind == "Pod" || variables.template) || !variables.changed || (${expression})`,
    message,
  };
}

function sandbox(expression: string, message: string) {
  const labels = '(variables.template ? object.spec.template.metadata : object.metadata).?labels.orValue({})';
  return pod(`!("${sandboxLabel}" in ${labels}) || (${expression})`, message);
}

function clusterScoped(name: string): ObjectMeta {
  return { name, labels: { ...platformLabels } };
}
