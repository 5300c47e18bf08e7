/**
 * What RBAC cannot say: the workers' rights hold only in the namespaces of tenants. Otherwise a cluster-wide right on
 * Secrets would include the platform's.
 */
import { veleroNamespace } from '../backup/schedule.ts';
import { controlPlaneNamespace, platformLabels } from './names.ts';

const tenantLabel = "'app.kubernetes.io/managed-by'";
const isTenants = (object: string) => `${object}.metadata.?labels[?${tenantLabel}].orValue('') == 'tenantry'`;

/** Before a tenant ends, Velero backs up its volumes on request (`automation/offboarding/volume-backup.ts`). */
const ordersLastBackup = [
  `(request.operation == 'CREATE' && request.namespace == '${veleroNamespace}'`,
  "request.resource.group == 'velero.io' && request.resource.resource == 'backups'",
  "object.metadata.name.startsWith('end-of-'))",
].join(' && ');

/** Admission objects that stop a worker outside the namespaces of tenants. */
export function workerFence(worker: { readonly namespace: string; readonly serviceAccount: string }) {
  const { namespace, serviceAccount } = worker;
  const matchConditions = [
    {
      name: 'worker',
      expression: `request.userInfo.username == 'system:serviceaccount:${namespace}:${serviceAccount}'`,
    },
  ];
  return [
    fence(`${namespace}-${serviceAccount}-objects`, {
      matchConditions,
      rule: { apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], scope: 'Namespaced' },
      expression: `${isTenants('namespaceObject')} || ${ordersLastBackup}`,
      message: 'a worker may change objects only in the namespaces of tenants',
    }),
    fence(`${namespace}-${serviceAccount}-namespaces`, {
      matchConditions,
      rule: { apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], scope: 'Cluster' },
      // At its start a worker applies the control plane's own objects.
      expression: [
        `(request.operation != 'DELETE' && request.name == '${controlPlaneNamespace}')`,
        `((object == null || ${isTenants('object')}) && (oldObject == null || ${isTenants('oldObject')}))`,
      ].join(' || '),
      message: 'a worker may make, change and remove only the namespaces of tenants',
    }),
  ];
}

/** A policy, and the binding that puts it in force. */
function fence(
  name: string,
  args: {
    matchConditions: { name: string; expression: string }[];
    rule: { apiGroups: string[]; apiVersions: string[]; resources: string[]; scope: string };
    expression: string;
    message: string;
  },
) {
  const { matchConditions, rule, expression, message } = args;
  const metadata = { name, labels: platformLabels };
  const apiVersion = 'admissionregistration.k8s.io/v1' as const;
  return {
    policy: {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy' as const,
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConditions,
        matchConstraints: { resourceRules: [{ ...rule, operations: ['CREATE', 'UPDATE', 'DELETE'] }] },
        validations: [{ expression, message }],
      },
    },
    binding: {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding' as const,
      metadata,
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  };
}
