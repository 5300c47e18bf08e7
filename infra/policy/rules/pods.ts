/**
 * Restricted pods: every pod that a program declares meets the level `restricted` of the Pod Security Standards
 * (kubernetes.io/docs/concepts/security/pod-security-standards), before the API server has to refuse it.
 */
import { kubernetesKind, type PolicyResource } from '../resource.ts';
import { type Rule, ruleByType, ruleForAll } from '../rule.ts';
import { isUnknown, recordsOf, shown, textsOf, type Values, valueAt } from '../values.ts';

/** Where each kind that makes pods keeps the pod's specification. */
const podSpecAt: Readonly<Record<string, string>> = {
  Pod: 'spec',
  Deployment: 'spec.template.spec',
  StatefulSet: 'spec.template.spec',
  DaemonSet: 'spec.template.spec',
  ReplicaSet: 'spec.template.spec',
  Job: 'spec.template.spec',
  CronJob: 'spec.jobTemplate.spec.template.spec',
};

/** Kinds of volumes that the level allows. */
const allowedVolumes: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

const levels: ReadonlySet<unknown> = new Set(['restricted', 'baseline', 'privileged']);

export const podRules: readonly Rule[] = [
  ruleByType(
    {
      name: 'namespace-has-level',
      concern: 'restricted pods',
      description:
        'Every namespace declares its Pod Security level, so that privileged pods, such as agents on nodes, are so on purpose.',
    },
    {
      'kubernetes:core/v1:Namespace': ({ props }) => {
        const labels = recordsOf(valueAt(props, 'metadata.labels'))[0] ?? {};
        const level = labels['pod-security.kubernetes.io/enforce'];
        return levels.has(level) || isUnknown(level)
          ? []
          : [`pod-security.kubernetes.io/enforce is ${shown(level)}; wanted: ${[...levels].join(', ')}`];
      },
    },
  ),
  ruleForAll(
    {
      name: 'restricted-pods',
      concern: 'restricted pods',
      description: 'Every pod fulfils the level restricted of the Pod Security Standards.',
    },
    (resource) => {
      const spec = podSpec(resource);
      return spec
        ? [...podFaults(spec), ...containersOf(spec).flatMap((each) => containerFaults(each, spec))]
        : [];
    },
  ),
];

/** The pod that an object runs; undefined when it runs none. */
export function podSpec({ type, props }: PolicyResource): Values | undefined {
  const path = podSpecAt[kubernetesKind(type) ?? ''];
  return path === undefined ? undefined : recordsOf(valueAt(props, path))[0];
}

function podFaults(spec: Values): string[] {
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((name) => spec[name] === true);
  const volumes = recordsOf(spec.volumes).flatMap((volume) =>
    Object.keys(volume).filter((key) => key !== 'name' && !allowedVolumes.has(key)),
  );
  return [
    ...shared.map((name) => `${name} is true`),
    ...volumes.map((kind) => `a volume is of kind ${kind}`),
    ...recordsOf(valueAt(spec, 'securityContext.sysctls')).map(({ name }) => `it sets sysctl ${shown(name)}`),
  ];
}

function containersOf(spec: Values): readonly Values[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => recordsOf(spec[list]));
}

function containerFaults(container: Values, spec: Values): string[] {
  const own = recordsOf(container.securityContext)[0] ?? {};
  const shared = recordsOf(spec.securityContext)[0] ?? {};
  const name = `container ${String(container.name)}`;
  const runAsNonRoot = own.runAsNonRoot ?? shared.runAsNonRoot;
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const seccomp = valueAt(own, 'seccompProfile.type') ?? valueAt(shared, 'seccompProfile.type');
  const dropped = textsOf(valueAt(own, 'capabilities.drop'));
  const added = textsOf(valueAt(own, 'capabilities.add')).filter((one) => one !== 'NET_BIND_SERVICE');
  const hostPorts = recordsOf(container.ports).filter(
    ({ hostPort }) => hostPort !== undefined && hostPort !== 0,
  );
  const is = (given: unknown, wanted: unknown) => isUnknown(given) || given === wanted;
  return [
    !is(runAsNonRoot, true) && `${name} may run as root: runAsNonRoot is ${shown(runAsNonRoot)}`,
    runAsUser === 0 && `${name} runs as user 0`,
    own.privileged === true && `${name} is privileged`,
    !is(own.allowPrivilegeEscalation, false) &&
      `${name} may gain privileges: allowPrivilegeEscalation is not false`,
    !dropped.includes('ALL') && `${name} keeps capabilities: drop is ${shown(dropped)}`,
    added.length > 0 && `${name} adds capabilities ${added.join(', ')}`,
    !is(seccomp, 'RuntimeDefault') && seccomp !== 'Localhost' && `${name} has no seccomp profile`,
    hostPorts.length > 0 && `${name} takes a port of its node`,
    !is(own.procMount ?? 'Default', 'Default') && `${name} sees more of /proc`,
  ].filter((fault) => fault !== false);
}
