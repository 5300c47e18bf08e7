/** Tenant isolation: every tenant's stack contains what separates it from the others. */
import { kubernetesKind, type PolicyResource } from '../resource.ts';
import { type Finding, type Rule, stackRule } from '../rule.ts';
import { isRecord, recordsOf, shown, textsOf, type Values, valueAt } from '../values.ts';
import { podSpec } from './pods.ts';

const tenantLabel = 'tenantry.dev/tenant';
const requiredLabels = [
  'app.kubernetes.io/managed-by',
  tenantLabel,
  'tenantry.dev/product',
  'tenantry.dev/plan',
];

/** Addresses that egress to the internet must exclude: instance metadata and every private network. */
const forbiddenRanges = [
  '169.254.169.254/32',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
];
const forbiddenRanges6 = ['fd00:ec2::254/128', 'fc00::/7'];

export const tenantRules: readonly Rule[] = [
  stackRule(
    {
      name: 'tenant-isolated',
      concern: 'tenant isolation',
      description:
        'A namespace of a tenant has restricted Pod Security, a default-deny network policy, a quota and a limit range.',
    },
    (resources) => tenantNamespaces(resources).flatMap((name) => missingFrom(name, resources)),
  ),
  stackRule(
    {
      name: 'tenant-contained',
      concern: 'tenant isolation',
      description:
        'Nothing of a tenant stands outside its namespace, listens on nodes, reaches others or holds a token of the API.',
    },
    (resources) =>
      resources
        .filter(isOfTenant)
        .flatMap((resource) => escapes(resource).map((message) => ({ resource, message }))),
  ),
];

function labelsOf({ props }: PolicyResource): Values {
  return recordsOf(valueAt(props, 'metadata.labels'))[0] ?? {};
}

function isOfTenant(resource: PolicyResource): boolean {
  return (
    kubernetesKind(resource.type) !== undefined &&
    requiredLabels.slice(0, 2).some((label) => {
      const value = labelsOf(resource)[label];
      return label === tenantLabel ? value !== undefined : value === 'tenantry';
    })
  );
}

function namespaceOf(resource: PolicyResource): unknown {
  const place = kubernetesKind(resource.type) === 'Namespace' ? 'name' : 'namespace';
  return valueAt(resource.props, `metadata.${place}`);
}

/** Namespaces that are or contain tenants' objects, each once. */
function tenantNamespaces(resources: readonly PolicyResource[]): readonly string[] {
  return [...new Set(resources.filter(isOfTenant).flatMap((resource) => textsOf(namespaceOf(resource))))];
}

function missingFrom(name: string, resources: readonly PolicyResource[]): Finding[] {
  const inside = resources.filter(
    (resource) => kubernetesKind(resource.type) !== undefined && namespaceOf(resource) === name,
  );
  const ofKind = (kind: string) => inside.filter(({ type }) => kubernetesKind(type) === kind);
  const [namespace] = ofKind('Namespace');
  const subject = namespace ?? inside[0];
  if (!subject) return [];
  const level = namespace && labelsOf(namespace)['pod-security.kubernetes.io/enforce'];
  const faults = [
    !namespace && `namespace ${name} is not part of the stack`,
    namespace &&
      level !== 'restricted' &&
      `Pod Security of namespace ${name} is ${shown(level)}; wanted: restricted`,
    !ofKind('NetworkPolicy').some(isDefaultDeny) &&
      `namespace ${name} has no network policy that denies everything in both directions`,
    !ofKind('ResourceQuota').some(boundsNamespace) &&
      `namespace ${name} has no quota that forbids node ports and load balancers`,
    !ofKind('LimitRange').some(boundsContainers) && `namespace ${name} has no limit range for containers`,
  ].filter((fault) => typeof fault === 'string');
  return faults.map((message) => ({ resource: subject, message }));
}

function isDefaultDeny({ props }: PolicyResource): boolean {
  const spec = recordsOf(props.spec)[0];
  const selector = spec?.podSelector;
  const selectsAll =
    isRecord(selector) && Object.values(selector).every((part) => Object.keys(Object(part)).length === 0);
  const directions = textsOf(spec?.policyTypes);
  return (
    selectsAll &&
    directions.includes('Ingress') &&
    directions.includes('Egress') &&
    recordsOf(spec?.ingress).length === 0 &&
    recordsOf(spec?.egress).length === 0
  );
}

function boundsNamespace({ props }: PolicyResource): boolean {
  const hard = recordsOf(valueAt(props, 'spec.hard'))[0] ?? {};
  return ['services.nodeports', 'services.loadbalancers'].every((name) => String(hard[name]) === '0');
}

function boundsContainers({ props }: PolicyResource): boolean {
  return recordsOf(valueAt(props, 'spec.limits')).some(
    (limit) => limit.type === 'Container' && isRecord(limit.default) && 'memory' in limit.default,
  );
}

function escapes(resource: PolicyResource): readonly string[] {
  const { type, props } = resource;
  const kind = kubernetesKind(type);
  const labels = labelsOf(resource);
  const unlabelled = requiredLabels.filter((label) => labels[label] === undefined);
  return [
    ...(unlabelled.length > 0 ? [`there is no label ${unlabelled.join(', ')}`] : []),
    ...(kind !== 'Namespace' && namespaceOf(resource) === undefined
      ? [`a ${kind} belongs to the whole cluster; a tenant has a namespace only`]
      : []),
    ...(kind === 'Service' ? serviceFaults(props) : []),
    ...(kind === 'NetworkPolicy' ? networkFaults(props) : []),
    ...(kind === 'ServiceAccount' && props.automountServiceAccountToken !== false
      ? ['the token of the API is mounted in its pods']
      : []),
    ...(podSpec(resource)?.automountServiceAccountToken === true
      ? ['its pods mount the token of the API']
      : []),
  ];
}

function serviceFaults(props: Values): readonly string[] {
  const given = valueAt(props, 'spec.type') ?? 'ClusterIP';
  return given === 'ClusterIP' ? [] : [`the Service is a ${shown(given)}; wanted: ClusterIP`];
}

/** Every peer must be named: the namespace's own pods, one other namespace, or addresses. */
function networkFaults(props: Values): readonly string[] {
  const rules = (direction: string, peers: string) =>
    recordsOf(valueAt(props, `spec.${direction}`)).flatMap((rule) => {
      const named = recordsOf(rule[peers]);
      if (named.length === 0) return [`${direction} allows everybody`];
      return named.flatMap((peer) => peerFaults(peer).map((fault) => `${direction} ${fault}`));
    });
  return [...rules('ingress', 'from'), ...rules('egress', 'to')];
}

function peerFaults(peer: Values): readonly string[] {
  const { namespaceSelector, ipBlock } = peer;
  if (isRecord(namespaceSelector)) {
    const name = valueAt(namespaceSelector, 'matchLabels')
      ? recordsOf(namespaceSelector.matchLabels)[0]?.['kubernetes.io/metadata.name']
      : undefined;
    return name === undefined ? ['names other namespaces than one by its name'] : [];
  }
  if (!isRecord(ipBlock)) return [];
  const needed =
    ipBlock.cidr === '0.0.0.0/0' ? forbiddenRanges : ipBlock.cidr === '::/0' ? forbiddenRanges6 : [];
  const left = needed.filter((range) => !textsOf(ipBlock.except).includes(range));
  return left.length > 0 ? [`to ${shown(ipBlock.cidr)} does not leave out ${left.join(', ')}`] : [];
}
