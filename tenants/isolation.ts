import { mostRights, reading, writes } from './catalog/roles.ts';
import type { Product, RoleRule } from './catalog/types.ts';
import { managedBy, productAnnotations, productLabels, sandboxLabel, standardLabels } from './labels.ts';
import type {
  LimitRange,
  Namespace,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  ResourceQuota,
  Role,
  RoleBinding,
  ServiceAccount,
} from './manifest.ts';
import { bytesQuantity, countQuantity, cpuQuantity } from './quantities.ts';
import { keepsRows, type Tenant, volumeBytes } from './tenant.ts';

/** Isolates a tenant from all others: who may do what in it, how much it may use, and what it may reach. */

/** The account of the tenant's pods has no rights, and its token is not mounted. */
export const serviceAccountName = 'workload';

/** Pod Security level of every tenant namespace. */
const podSecurity = Object.fromEntries(
  ['enforce', 'audit', 'warn'].flatMap((mode) => [
    [`pod-security.kubernetes.io/${mode}`, 'restricted'],
    [`pod-security.kubernetes.io/${mode}-version`, 'latest'],
  ]),
);

export function namespace(tenant: Tenant): Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: tenant.spec.namespace,
      labels: { ...standardLabels(tenant), ...podSecurity, ...productLabels(tenant) },
      annotations: {
        ...productAnnotations(tenant),
        // The cluster deletes it in its own time and the control plane checks later, so that no engine waits for finalizers.
        'pulumi.com/skipAwait': 'true',
      },
    },
  };
}

export function metadata(tenant: Tenant, name: string) {
  return { name, namespace: tenant.spec.namespace, labels: standardLabels(tenant) };
}

/**
 * The namespace's quota. Requests and limits share it, so that no plan promises more than it gets. A volume that is larger
 * than its plan's, because of an earlier plan, still leaves the plan's room beside it.
 */
export function resourceQuota(tenant: Tenant): ResourceQuota {
  const { quota } = tenant.plan;
  const pods = podCeiling(tenant);
  const ephemeral = bytesQuantity(pods * podEphemeralBytes(tenant.product));
  const hard: Record<string, string> = {
    // Ways out of the namespace that no product needs.
    'services.nodeports': '0',
    'services.loadbalancers': '0',
    // A suspended tenant runs nothing, whoever asks for it.
    pods: countQuantity(tenant.spec.state === 'suspended' ? 0 : pods),
    services: countQuantity(quota.services ?? defaultCeilings.services),
    persistentvolumeclaims: countQuantity(
      quota.persistentVolumeClaims ?? defaultCeilings.persistentVolumeClaims,
    ),
    'requests.ephemeral-storage': ephemeral,
    'limits.ephemeral-storage': ephemeral,
    ...objectCeilings(tenant),
  };
  if (quota.cpuMillis !== undefined) {
    hard['requests.cpu'] = hard['limits.cpu'] = cpuQuantity(quota.cpuMillis);
  }
  if (quota.memoryBytes !== undefined) {
    hard['requests.memory'] = hard['limits.memory'] = bytesQuantity(quota.memoryBytes);
  }
  if (quota.storageBytes !== undefined)
    hard['requests.storage'] = bytesQuantity(storageCeiling(tenant, quota.storageBytes));
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    // The quota applies as soon as it exists, so there is nothing to wait for.
    metadata: { ...metadata(tenant, 'plan'), annotations: { 'pulumi.com/skipAwait': 'true' } },
    spec: { hard },
  };
}

/** Ceilings where the plan names none. */
const defaultCeilings = { pods: 100, services: 20, persistentVolumeClaims: 20 };

function podCeiling({ plan: { quota, autoscaling } }: Tenant): number {
  return quota.pods ?? Math.max(defaultCeilings.pods, 2 * (autoscaling?.maxReplicas ?? 0));
}

/** Room for logs and the container's own layer, beside `/tmp`. */
const ephemeralOverheadBytes = 256 * 1024 ** 2;

/** What one pod of the product may write to its node; the quota has as much for every pod. */
export function podEphemeralBytes({ runtime }: Product): number {
  return runtime.scratchBytes + ephemeralOverheadBytes;
}

/**
 * How many objects of a kind a tenant may have, by the name of the kind in a quota, because all tenants share one etcd.
 * Unlike the quota's `pods`, `count/pods` counts finished pods, too. Services and claims have a quota anyway.
 */
const ceilingOfKind: Readonly<Record<string, ((tenant: Tenant) => number) | 'by the plan'>> = {
  pods: (tenant) => podCeiling(tenant) + 200,
  configmaps: () => 50,
  'jobs.batch': () => 100,
  services: 'by the plan',
  persistentvolumeclaims: 'by the plan',
};

/** Ceilings for every kind that the tenant's people may create. */
function objectCeilings(tenant: Tenant): Record<string, string> {
  const counts = creatableKinds(tenant.product.namespace.people.rules).map((kind): [string, string][] => {
    const ceiling = ceilingOfKind[kind];
    if (ceiling === undefined) throw new Error(`the role lets people create ${kind}, which has no ceiling`);
    return ceiling === 'by the plan' ? [] : [[`count/${kind}`, countQuantity(ceiling(tenant))]];
  });
  return Object.fromEntries(counts.flat());
}

/** The resources that a role may let people write, by group: only on these can they leave finalizers. */
export function writableResources(): { readonly apiGroups: string[]; readonly resources: string[] }[] {
  return mostRights
    .filter(writes)
    .map(({ apiGroups, resources }) => ({
      apiGroups: [...apiGroups],
      resources: resources.filter((resource) => !resource.includes('/')),
    }))
    .filter(({ resources }) => resources.length > 0);
}

/** The kinds that rules let people create, as a quota names them: `configmaps`, `jobs.batch`. */
export function creatableKinds(rules: readonly RoleRule[]): string[] {
  return rules
    .filter(({ verbs }) => verbs.includes('create'))
    .flatMap(({ apiGroups, resources }) =>
      resources.flatMap((resource) =>
        apiGroups.map((group) => (group === '' ? resource : `${resource}.${group}`)),
      ),
    );
}

function storageCeiling(tenant: Tenant, planCeiling: number): number {
  const surplus = (volumeBytes(tenant) ?? 0) - (tenant.plan.volumeBytes ?? 0);
  // Twice: for the volume, and for a restored copy beside it.
  return planCeiling + 2 * Math.max(0, surplus);
}

/** For a container that requests nothing, whose pod the quota would refuse otherwise. */
const defaultContainer = {
  cpuMillis: 100,
  memoryBytes: 128 * 1024 ** 2,
  ephemeralStorageBytes: 256 * 1024 ** 2,
};

export function limitRange(tenant: Tenant): LimitRange {
  const { compute } = tenant.plan;
  const amounts = {
    cpu: cpuQuantity(Math.min(defaultContainer.cpuMillis, compute?.cpuMillis ?? Number.POSITIVE_INFINITY)),
    memory: bytesQuantity(
      Math.min(defaultContainer.memoryBytes, compute?.memoryBytes ?? Number.POSITIVE_INFINITY),
    ),
    'ephemeral-storage': bytesQuantity(defaultContainer.ephemeralStorageBytes),
  };
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: metadata(tenant, 'defaults'),
    spec: {
      limits: [
        {
          type: 'Container',
          default: amounts,
          defaultRequest: amounts,
          max: { 'ephemeral-storage': bytesQuantity(podEphemeralBytes(tenant.product)) },
        },
      ],
    },
  };
}

export function serviceAccount(tenant: Tenant): ServiceAccount {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(tenant, serviceAccountName),
    automountServiceAccountToken: false,
  };
}

export function role(tenant: Tenant): Role {
  const { name, rules } = tenant.product.namespace.people;
  // People of a suspended tenant may only look. The role keeps its name, because a binding cannot change its role.
  const given = tenant.spec.state === 'suspended' ? rules.map(readingOnly) : rules;
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: metadata(tenant, name),
    rules: given
      .filter(({ verbs }) => verbs.length > 0)
      .map(({ apiGroups, resources, verbs }) => ({
        apiGroups: [...apiGroups],
        resources: [...resources],
        verbs: [...verbs],
      })),
  };
}

function readingOnly(rule: RoleRule): RoleRule {
  return { ...rule, verbs: rule.verbs.filter((verb) => reading.includes(verb)) };
}

/** What the names of tenants' groups begin with. */
export const peopleGroupPrefix = 'tenantry:tenant:';

/** The identity provider puts the tenant's people into this group. */
export function peopleGroup(tenant: Tenant): string {
  return `${peopleGroupPrefix}${tenant.spec.tenantId}`;
}

export function roleBinding(tenant: Tenant): RoleBinding {
  const { name } = tenant.product.namespace.people;
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: metadata(tenant, name),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: peopleGroup(tenant) }],
  };
}

/** Denies all traffic that no other policy of the namespace allows. */
export function defaultDeny(tenant: Tenant): NetworkPolicy {
  return networkPolicy(tenant, 'default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
}

export function allowDns(tenant: Tenant): NetworkPolicy {
  return networkPolicy(tenant, 'allow-dns', {
    podSelector: {},
    policyTypes: ['Egress'],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
            podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
          },
        ],
        ports: [tcp(53), { protocol: 'UDP', port: 53 }],
      },
    ],
  });
}

/**
 * Allows what the product needs: in from the control plane and its own namespace; out to its own namespace, to the internet
 * on the product's ports, and to its database. Never another namespace, never instance metadata. Does not apply to
 * sandboxes, whatever the plan: sandboxes that outlive a plan with sandboxes get nothing.
 */
export function allowProduct(tenant: Tenant): NetworkPolicy {
  const { id, runtime, sandboxes } = tenant.product;
  const { ports, internetPorts } = runtime;
  const own = sandboxes === undefined ? {} : outsideSandboxes;
  return networkPolicy(tenant, `allow-${id}`, {
    podSelector: own,
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      {
        from: [controlPlane(tenant)],
        ports: ports.map(({ port }) => tcp(port)),
      },
      { from: [{ podSelector: own }] },
    ],
    egress: [
      { to: [{ podSelector: {} }] },
      { to: internet, ports: internetPorts.map(tcp) },
      ...(keepsRows(tenant) ? [databaseEgress(tenant)] : []),
      ...(runtime.readsTenant ? [apiEgress(tenant)] : []),
    ],
  });
}

const outsideSandboxes = { matchExpressions: [{ key: sandboxLabel, operator: 'DoesNotExist' }] };

/**
 * Allows what a sandbox needs: in from the tenant's other pods, out to the internet. Never another sandbox, never the
 * tenant's database. Null where the plan has no sandboxes.
 */
export function allowSandboxes(tenant: Tenant): NetworkPolicy | null {
  const { sandboxes } = tenant.product;
  if (sandboxes === undefined || tenant.plan.entitlements[sandboxes.entitlement] !== true) return null;
  const { ports, internetPorts } = sandboxes;
  return networkPolicy(tenant, 'allow-sandboxes', {
    podSelector: { matchExpressions: [{ key: sandboxLabel, operator: 'Exists' }] },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [{ podSelector: outsideSandboxes }], ports: ports.map(tcp) }],
    egress: [{ to: internet, ports: internetPorts.map(tcp) }],
  });
}

/**
 * AWS's instance metadata, by IPv4 and IPv6. All link-local addresses, because EKS serves pod identity at 169.254.170.23.
 */
const metadataAddresses = {
  ipv4: ['169.254.169.254/32', '169.254.0.0/16'],
  ipv6: ['fd00:ec2::254/128', 'fe80::/10'],
};

/** Private addresses: pods, services and nodes of any cluster, and the operator's other networks. */
const privateAddresses = {
  ipv4: ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'],
  ipv6: ['fc00::/7'],
};

const internet: NetworkPolicyPeer[] = [
  { ipBlock: { cidr: '0.0.0.0/0', except: [...metadataAddresses.ipv4, ...privateAddresses.ipv4] } },
  { ipBlock: { cidr: '::/0', except: [...metadataAddresses.ipv6, ...privateAddresses.ipv6] } },
];

const postgresPort = 5432;

/** Allows a pooler beside the control plane, where somebody runs one, and the database servers whose addresses the cell names. */
function databaseEgress(tenant: Tenant) {
  const pooler: NetworkPolicyPeer = {
    ...controlPlane(tenant),
    podSelector: { matchLabels: { ...managedBy, 'app.kubernetes.io/component': 'database-pooler' } },
  };
  const servers = tenant.cell.databaseCidrs.map((cidr): NetworkPolicyPeer => ({ ipBlock: { cidr } }));
  return { to: [pooler, ...servers], ports: [tcp(postgresPort)] };
}

/** The platform's labels on the API's pods, and their port. */
export const apiLabels = { 'app.kubernetes.io/name': 'tenantry-api' };
export const apiPort = 8080;

function apiEgress(tenant: Tenant) {
  const api = { ...controlPlane(tenant), podSelector: { matchLabels: apiLabels } };
  return { to: [api], ports: [tcp(apiPort)] };
}

function controlPlane(tenant: Tenant): NetworkPolicyPeer {
  const name = tenant.cell.controlPlaneNamespace;
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

function networkPolicy(
  tenant: Tenant,
  name: string,
  spec: NonNullable<NetworkPolicy['spec']>,
): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(tenant, name),
    spec,
  };
}

function tcp(port: number): NetworkPolicyPort {
  return { protocol: 'TCP', port };
}
