import { describe, expect, test } from 'vitest';
import { checkPolicies } from '../../infra/policy/check.ts';
import { rules } from '../../infra/policy/rules/index.ts';
import type { Values } from '../../infra/policy/values.ts';
import { changed, resourceOf } from './cases.ts';

const restricted = rules.filter(({ name }) => name === 'restricted-pods');

const pod = {
  securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
  volumes: [
    { name: 'tmp', emptyDir: {} },
    { name: 'home', persistentVolumeClaim: { claimName: 'home' } },
  ],
  initContainers: [
    {
      name: 'migrate',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
  containers: [
    {
      name: 'api',
      ports: [{ containerPort: 8080 }],
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      },
    },
  ],
};

/** Kinds that make pods, and how each wraps the pod's specification. */
const kinds = {
  'core/v1:Pod': (spec: Values) => ({ spec }),
  'apps/v1:Deployment': (spec: Values) => ({ spec: { template: { spec } } }),
  'apps/v1:StatefulSet': (spec: Values) => ({ spec: { template: { spec } } }),
  'apps/v1:DaemonSet': (spec: Values) => ({ spec: { template: { spec } } }),
  'apps/v1:ReplicaSet': (spec: Values) => ({ spec: { template: { spec } } }),
  'batch/v1:Job': (spec: Values) => ({ spec: { template: { spec } } }),
  'batch/v1:CronJob': (spec: Values) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } }),
};

const messages = (type: string, props: Values) =>
  checkPolicies([resourceOf(`kubernetes:${type}`, props)], restricted).map(({ message }) => message);

describe.each(Object.entries(kinds))('pods of %s', (type, wrap) => {
  test('that fulfil the level are let through', () => {
    expect(messages(type, wrap(pod))).toEqual([]);
  });

  test('that do not are refused', () => {
    expect(messages(type, wrap({ ...pod, hostNetwork: true }))).toEqual(['hostNetwork is true']);
  });
});

/** Controls of the levels baseline and restricted, and a pod that fails each. */
test.each([
  ['host namespaces', 'hostPID', true, 'hostPID is true'],
  ['host namespaces', 'hostIPC', true, 'hostIPC is true'],
  ['host paths', 'volumes/0', { name: 'tmp', hostPath: { path: '/' } }, 'a volume is of kind hostPath'],
  ['volume types', 'volumes/0', { name: 'tmp', nfs: {} }, 'a volume is of kind nfs'],
  ['sysctls', 'securityContext/sysctls', [{ name: 'kernel.msgmax' }], 'it sets sysctl "kernel.msgmax"'],
  ['privileged containers', 'containers/0/securityContext/privileged', true, 'container api is privileged'],
  ['host ports', 'containers/0/ports/0/hostPort', 80, 'container api takes a port of its node'],
  ['/proc mounts', 'containers/0/securityContext/procMount', 'Unmasked', 'container api sees more of /proc'],
  [
    'privilege escalation',
    'containers/0/securityContext/allowPrivilegeEscalation',
    undefined,
    'container api may gain privileges: allowPrivilegeEscalation is not false',
  ],
  [
    'running as root',
    'containers/0/securityContext/runAsNonRoot',
    false,
    'container api may run as root: runAsNonRoot is false',
  ],
  ['running as user 0', 'containers/0/securityContext/runAsUser', 0, 'container api runs as user 0'],
  [
    'seccomp',
    'containers/0/securityContext/seccompProfile',
    { type: 'Unconfined' },
    'container api has no seccomp profile',
  ],
  [
    'capabilities',
    'containers/0/securityContext/capabilities/drop',
    undefined,
    'container api keeps capabilities: drop is []',
  ],
  [
    'capabilities',
    'containers/0/securityContext/capabilities/add',
    ['SYS_ADMIN'],
    'container api adds capabilities SYS_ADMIN',
  ],
])('%s are judged at %s', (_control, path, value, message) => {
  expect(messages('core/v1:Pod', { spec: changed(pod, path, value) })).toEqual([message]);
});

test('what the pod says holds for each of its containers, and init containers count', () => {
  const bare = changed(
    changed(pod, 'securityContext/runAsNonRoot', undefined),
    'securityContext/seccompProfile',
    undefined,
  );
  expect(messages('core/v1:Pod', { spec: bare })).toEqual([
    'container migrate may run as root: runAsNonRoot is not set',
    'container migrate has no seccomp profile',
    'container api may run as root: runAsNonRoot is not set',
    'container api has no seccomp profile',
  ]);
});

test('charts and objects without pods are not judged', () => {
  expect(messages('core/v1:ConfigMap', { spec: { hostNetwork: true } })).toEqual([]);
  expect(messages('helm.sh/v3:Release', { spec: { hostNetwork: true } })).toEqual([]);
});
