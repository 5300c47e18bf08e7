import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checkManifest, Unreadable } from '../../automation/product-check/index.ts';
import { findPlan } from '../../tenants/catalog/index.ts';
import { demands, rulesOf } from './demands.ts';

const container = {
  name: 'app',
  image: 'ghcr.io/acme/app:1.0',
  ports: [{ containerPort: 3000 }],
  readinessProbe: { httpGet: { path: '/ready', port: 3000 } },
  livenessProbe: { httpGet: { path: '/live', port: 3000 } },
  resources: { limits: { cpu: '250m', memory: '256Mi' } },
};
const deployment = (spec: Record<string, unknown> = {}, changes: Record<string, unknown> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app' },
  spec: {
    template: {
      spec: { terminationGracePeriodSeconds: 5, containers: [{ ...container, ...changes }], ...spec },
    },
  },
});

describe('a manifest', () => {
  test('that fits has nothing but good marks', () => {
    const verdicts = checkManifest([deployment()], demands);
    expect(rulesOf(verdicts, 'problem')).toEqual([]);
    expect(rulesOf(verdicts, 'warning')).toEqual([]);
  });

  test.each([
    ['shares its node', deployment({ hostNetwork: true }), 'problem', 'host'],
    [
      'mounts a path of its node',
      deployment({ volumes: [{ name: 'x', hostPath: { path: '/' } }] }),
      'problem',
      'volumes',
    ],
    ['ends late', deployment({ terminationGracePeriodSeconds: 600 }), 'problem', 'termination'],
    [
      'ends later than the default allows',
      deployment({ terminationGracePeriodSeconds: undefined }),
      'problem',
      'termination',
    ],
    ['runs as root', deployment({ securityContext: { runAsUser: 0 } }), 'problem', 'user'],
    [
      'has a container that runs as root',
      deployment({}, { securityContext: { runAsUser: 0 } }),
      'problem',
      'user',
    ],
    ['is privileged', deployment({}, { securityContext: { privileged: true } }), 'problem', 'privileges'],
    [
      'adds capabilities',
      deployment({}, { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }),
      'problem',
      'privileges',
    ],
    [
      'writes to its root',
      deployment({}, { securityContext: { readOnlyRootFilesystem: false } }),
      'problem',
      'writes',
    ],
    [
      'takes a port of its node',
      deployment({}, { ports: [{ containerPort: 3000, hostPort: 80 }] }),
      'problem',
      'port',
    ],
    ['listens elsewhere', deployment({}, { ports: [{ containerPort: 8080 }] }), 'problem', 'port'],
    ['does not pin its image', deployment({}, { image: 'ghcr.io:443/acme/app' }), 'problem', 'version'],
    [
      'has no probes',
      deployment({}, { readinessProbe: undefined, livenessProbe: undefined }),
      'warning',
      'probes',
    ],
  ])('that %s is told so, and nothing else', (_name, object, outcome, rule) => {
    const verdicts = checkManifest([object], demands);
    expect([...rulesOf(verdicts, 'problem'), ...rulesOf(verdicts, 'warning')]).toEqual([rule]);
    expect(rulesOf(verdicts, outcome as 'problem')).toEqual([rule]);
  });

  test('is held to the size that its plan sells', () => {
    const plan = findPlan('agents', 'free') ?? null;
    const fits = checkManifest([deployment()], { ...demands, plan });
    expect(rulesOf(fits, 'problem')).toEqual([]);
    const large = { resources: { limits: { cpu: '2', memory: '4Gi' } } };
    const verdicts = checkManifest([deployment({}, large)], { ...demands, plan });
    expect(verdicts.find(({ rule }) => rule === 'size')?.message).toBe(
      'is larger than Free sells: 2000 m of CPU, the plan has 250 m; 4294967296 bytes of memory, the plan has 536870912',
    );
  });

  test('may have several documents and lists; objects without pods are passed over', () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
---
apiVersion: v1
kind: List
items:
  - apiVersion: batch/v1
    kind: CronJob
    metadata: { name: nightly }
    spec: { jobTemplate: { spec: { template: { spec: { hostPID: true, containers: [{ name: a, image: 'a:1' }] } } } } }
`;
    const documents = parseAllDocuments(text).map((document) => document.toJS());
    const verdicts = checkManifest(documents, demands);
    expect(verdicts.find(({ rule }) => rule === 'host')).toMatchObject({
      where: 'CronJob/nightly',
      outcome: 'problem',
    });
  });

  test.each([
    ['no pods', [{ kind: 'ConfigMap' }], /No document makes pods/],
    ['no object', ['hello'], /no Kubernetes object/],
    [
      'containers of the wrong shape',
      [{ kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{}] } }],
      /Pod\/p is malformed: spec\.containers\.0\.name/,
    ],
  ])('with %s is refused with what is wrong', (_name, documents, message) => {
    expect(() => checkManifest(documents, demands)).toThrow(Unreadable);
    expect(() => checkManifest(documents, demands)).toThrow(message);
  });
});
