import type { input } from '@pulumi/kubernetes/types/index.js';
import type { Unwrap } from '@pulumi/pulumi';
import { managedBy, sandboxLabel } from './labels.ts';
import type { Manifest, ObjectMeta } from './manifest.ts';
import { type Cell, defaultCell } from './tenant.ts';

/**
 * Objects that exist once in a cluster and that all tenants rely on: the control plane's namespace, the priority of tenant
 * pods, and a guard against what no tenant may ever do. The platform program applies them on a real cluster, the embedded
 * default at its start; both by server-side apply.
 */
export function platformManifests(cell: Cell = defaultCell): Manifest[] {
  return [controlPlaneNamespace(cell), priorityClass, admissionPolicy, admissionPolicyBinding];
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

/**
 * Repeats what Pod Security at level `restricted` forbids, for namespaces whose labels are not to be trusted. Also forbids
 * what that level allows: node ports, load balancers, external addresses, a higher priority, and sandboxes that know
 * something of their tenant.
 */
const admissionPolicy: AdmissionPolicy = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: clusterScoped(guardName),
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: managedBy },
      resourceRules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['pods', 'services'],
        },
      ],
    },
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
        '!object.spec.?hostNetwork.orValue(false) && !object.spec.?hostPID.orValue(false) && !object.spec.?hostIPC.orValue(false)',
        'a tenant pod must not use namespaces of its host',
      ),
      pod(
        'object.spec.?volumes.orValue([]).all(v, !has(v.hostPath))',
        'a tenant pod must not mount paths of its host',
      ),
      pod(
        'object.spec.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0))',
        'a tenant pod must not take ports of its host',
      ),
      pod(
        `object.spec.?priorityClassName.orValue("") in ["", "${priorityClassName}"]`,
        `a tenant pod must have no priority but ${priorityClassName}`,
      ),
      sandbox(
        'object.spec.?volumes.orValue([]).all(v, has(v.emptyDir))',
        'a sandbox must mount nothing but scratch space: no Secret, no volume, no token of the API',
      ),
      sandbox(
        everyContainer(
          'c.?envFrom.orValue([]).all(e, !has(e.secretRef)) && c.?env.orValue([]).all(e, !has(e.valueFrom) || !has(e.valueFrom.secretKeyRef))',
        ),
        'a sandbox must not read Secrets',
      ),
    ],
  },
};

const admissionPolicyBinding: AdmissionPolicyBinding = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: clusterScoped(guardName),
  spec: { policyName: guardName, validationActions: ['Deny'] },
};

function service(expression: string, message: string) {
  return { expression: `object.kind != "Service" || (${expression})`, message };
}

function pod(expression: string, message: string) {
  return { expression: `object.kind != "Pod" || (${expression})`, message };
}

function sandbox(expression: string, message: string) {
  return pod(`!("${sandboxLabel}" in object.metadata.?labels.orValue({})) || (${expression})`, message);
}

function everyContainer(expression: string): string {
  return ['containers', 'initContainers']
    .map((list) => `object.spec.?${list}.orValue([]).all(c, ${expression})`)
    .join(' && ');
}

function clusterScoped(name: string): ObjectMeta {
  return { name, labels: { ...platformLabels } };
}
