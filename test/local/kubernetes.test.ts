import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { until } from '../support/wait.ts';

const run = promisify(execFile);
const kubectl = (...args: string[]) =>
  run(inject('tools').kubectl, ['--kubeconfig', inject('kubeconfig'), ...args]);
const namespace = 'local-kubernetes-test';

/** Applies an object given as JSON. */
function apply(object: unknown): Promise<unknown> {
  const applied = run(inject('tools').kubectl, ['--kubeconfig', inject('kubeconfig'), 'apply', '-f', '-']);
  applied.child.stdin?.end(JSON.stringify(object));
  return applied;
}

const restricted = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'main',
      image: 'example.test/main:1',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    },
  ],
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
};

describe('the local Kubernetes', () => {
  beforeAll(async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
  });
  afterAll(async () => {
    await kubectl('delete', 'namespace', namespace, '--wait=false');
  });

  test('makes a Deployment with a claim of the default storage class available', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'main', namespace },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'main' } },
        template: { metadata: { labels: { app: 'main' } }, spec: restricted },
      },
    });
    await kubectl('-n', namespace, 'wait', '--for=condition=Available', 'deployment/main', '--timeout=20s');
    const { stdout } = await kubectl('-n', namespace, 'get', 'pvc', 'data', '-o', 'jsonpath={.status.phase}');
    expect(stdout).toBe('Bound');
    await kubectl('-n', namespace, 'delete', 'deployment', 'main');
    await kubectl('-n', namespace, 'delete', 'pvc', 'data', '--timeout=20s');
  });

  test('keeps its nodes: it renews their leases long before the controllers take them for lost', async () => {
    const path = ['-n', 'kube-node-lease', 'get', 'lease', 'node-1', '-o'];
    const renewed = async () => Date.parse((await kubectl(...path, 'jsonpath={.spec.renewTime}')).stdout);
    const first = await until(renewed, { what: 'a lease of node-1' });
    await until(async () => (await renewed()) > first, { what: 'a renewal', timeoutMs: 40_000 });
  });

  test('makes a pod ready again whose node was taken for lost', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'found-again', namespace },
      spec: {
        securityContext: restricted.securityContext,
        containers: restricted.containers.map(({ volumeMounts: _, ...container }) => container),
      },
    });
    const ready = async () => {
      const shown = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
      return (await kubectl('-n', namespace, 'get', 'pod', 'found-again', '-o', shown)).stdout;
    };
    await until(async () => (await ready()) === 'True', { what: 'a ready pod' });
    const lost = { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'NodeNotReady' }] } };
    const patch = ['patch', 'pod', 'found-again', '--subresource=status', '-p', JSON.stringify(lost)];
    await kubectl('-n', namespace, ...patch);
    expect(await ready()).toBe('False');
    await until(async () => (await ready()) === 'True', { what: 'the pod being ready again' });
    const { stdout } = await kubectl('-n', namespace, 'get', 'pod', 'found-again', '-o', 'json');
    const { conditions } = JSON.parse(stdout).status as { conditions: { type: string; status: string }[] };
    expect(conditions.filter(({ status }) => status !== 'True')).toEqual([]);
    expect(conditions.map(({ type }) => type)).toContain('PodScheduled');
  });

  test('refuses a privileged pod where Pod Security is restricted', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'privileged', namespace },
      spec: { containers: [{ name: 'main', image: 'x', securityContext: { privileged: true } }] },
    };
    await expect(apply(pod)).rejects.toThrow(/violates PodSecurity "restricted/);
  });

  test('gives a service account nothing that no role grants', async () => {
    await kubectl('-n', namespace, 'create', 'serviceaccount', 'reader');
    await kubectl('-n', namespace, 'create', 'role', 'read', '--verb=get,list', '--resource=configmaps');
    await kubectl(
      '-n',
      namespace,
      'create',
      'rolebinding',
      'read',
      '--role=read',
      `--serviceaccount=${namespace}:reader`,
    );
    const { stdout: token } = await kubectl('-n', namespace, 'create', 'token', 'reader');
    const asReader = async (...args: string[]) => {
      const { stdout: view } = await kubectl('config', 'view', '--raw', '-o', 'json');
      const config = JSON.parse(view);
      const cluster = config.clusters[0].cluster;
      return run(inject('tools').kubectl, [
        '--kubeconfig',
        '/dev/null',
        `--server=${cluster.server}`,
        `--token=${token.trim()}`,
        '--insecure-skip-tls-verify',
        ...args,
      ]);
    };
    await expect(asReader('-n', namespace, 'get', 'configmaps', '-o', 'name')).resolves.toBeDefined();
    await expect(asReader('-n', namespace, 'get', 'secrets')).rejects.toThrow(/forbidden/i);
    await expect(asReader('-n', 'default', 'get', 'configmaps')).rejects.toThrow(/forbidden/i);
  });

  test('turns strangers away', async () => {
    const { stdout: view } = await kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}');
    const stranger = run(inject('tools').kubectl, [
      '--kubeconfig',
      '/dev/null',
      `--server=${view}`,
      '--token=guess',
      '--insecure-skip-tls-verify',
      'get',
      'namespaces',
    ]);
    await expect(stranger).rejects.toThrow(/logged in|Unauthorized/i);
  });
});
