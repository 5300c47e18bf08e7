import { describe, expect, test } from 'vitest';
import { healthOf, isDown } from '../../automation/health/health-of.ts';
import { judge } from '../../automation/health/judge.ts';
import { readPod, readWorkload } from '../../automation/health/objects.ts';
import type { Seen } from '../../automation/health/rows.ts';
import type { Tenant } from '../../automation/store/tenants.ts';

const namespace = 'tenant-acme';

interface PodShape {
  readonly ready?: boolean;
  readonly conditions?: readonly object[];
  readonly container?: object;
  readonly init?: object;
  readonly owner?: string;
  readonly deletionTimestamp?: string;
  readonly phase?: string;
  readonly cpu?: string;
}

let pods = 0;
const pod = (shape: PodShape = {}) =>
  readPod({
    metadata: {
      namespace,
      name: `stream-${++pods}`,
      ownerReferences: [{ kind: 'ReplicaSet', name: shape.owner ?? 'stream-7c9f', controller: true }],
      ...(shape.deletionTimestamp && { deletionTimestamp: shape.deletionTimestamp }),
    },
    spec: {
      containers: [
        {
          name: 'stream',
          image: 'registry.example/stream:1',
          resources: { requests: { cpu: shape.cpu ?? '250m', memory: '1Gi' } },
        },
      ],
    },
    status: {
      phase: shape.phase ?? 'Running',
      conditions: [{ type: 'Ready', status: shape.ready ? 'True' : 'False' }, ...(shape.conditions ?? [])],
      ...(shape.container && {
        containerStatuses: [
          { name: 'stream', image: 'resolved@sha256:1', ready: shape.ready ?? false, ...shape.container },
        ],
      }),
      ...(shape.init && {
        initContainerStatuses: [{ name: 'init', image: 'init:1', ready: false, ...shape.init }],
      }),
    },
  });
const waiting = (reason: string) => ({ state: { waiting: { reason } } });
const workload = (replicas: number, failure?: string) =>
  readWorkload({
    metadata: { namespace, name: 'stream' },
    spec: { replicas },
    status: {
      conditions: failure
        ? [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure }]
        : [],
    },
  });
const exceeded =
  'pods "stream-7c9f-x" is forbidden: exceeded quota: tenant, requested: limits.cpu=4, used: limits.cpu=0, limited: limits.cpu=2';
const unschedulable = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'Unschedulable',
  message: '0/41 nodes are available: 41 Insufficient cpu',
};

describe('a workload', () => {
  test.each<[string, ReturnType<typeof workload>, readonly ReturnType<typeof pod>[], string, RegExp | null]>([
    ['with all its pods runs', workload(1), [pod({ ready: true })], 'running', null],
    ['at zero wants nothing', workload(0), [], 'none_wanted', null],
    ['at zero wants nothing of a pod that is left', workload(0), [pod({ ready: true })], 'none_wanted', null],
    ['without a pod yet starts', workload(1), [], 'starting', /start/],
    ['whose pod is not ready starts', workload(1), [pod()], 'starting', /start/],
    [
      'of which one pod of two is ready says why the other is not',
      workload(2),
      [pod({ ready: true }), pod({ container: waiting('ImagePullBackOff') })],
      'image',
      /registry\.example\/stream:1 \(ImagePullBackOff\)/,
    ],
    ...['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError'].map(
      (reason): [string, ReturnType<typeof workload>, ReturnType<typeof pod>[], string, RegExp] => [
        `whose container waits with ${reason} has no image`,
        workload(1),
        [pod({ container: waiting(reason) })],
        'image',
        new RegExp(reason),
      ],
    ),
    [
      'whose first container has no image has none',
      workload(1),
      [pod({ init: waiting('ErrImagePull') })],
      'image',
      /init:1/,
    ],
    [
      'whose container crashes again and again crashes',
      workload(1),
      [
        pod({
          container: {
            ...waiting('CrashLoopBackOff'),
            lastState: { terminated: { exitCode: 1, reason: 'Error' } },
          },
        }),
      ],
      'crash',
      /exit code 1/,
    ],
    [
      'that has just crashed crashes',
      workload(1),
      [pod({ container: { state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } })],
      'crash',
      /more memory/,
    ],
    [
      'that tries again after a crash still crashes',
      workload(1),
      [
        pod({
          container: {
            state: { running: { startedAt: '2026-12-01T00:00:00Z' } },
            lastState: { terminated: { exitCode: 2, reason: 'Error' } },
          },
        }),
      ],
      'crash',
      /exit code 2/,
    ],
    [
      'that came through a crash runs',
      workload(1),
      [
        pod({
          ready: true,
          container: { state: {}, lastState: { terminated: { exitCode: 2, reason: 'Error' } } },
        }),
      ],
      'running',
      null,
    ],
    [
      'whose container ended well is started again',
      workload(1),
      [pod({ container: { state: { terminated: { exitCode: 0, reason: 'Completed' } } } })],
      'starting',
      /start/,
    ],
    [
      'that the quota refuses does not fit',
      workload(1, exceeded),
      [],
      'quota',
      /fit: exceeded quota: tenant/,
    ],
    ['that an old pod still serves runs', workload(1, exceeded), [pod({ ready: true })], 'running', null],
    [
      'that something else refuses is refused',
      workload(1, 'pods "x" is forbidden: violates PodSecurity'),
      [],
      'refused',
      /PodSecurity/,
    ],
    [
      'that no node has room for says so, and not how many nodes there are',
      workload(1),
      [pod({ phase: 'Pending', conditions: [unschedulable] })],
      'unschedulable',
      /^No node has room for its pods\.$/,
    ],
    [
      'does not run by pods of others in its namespace',
      workload(1),
      [pod({ ready: true, owner: 'other-7c9f' }), pod({ ready: true, owner: 'stream-extra-7c9f' })],
      'starting',
      /start/,
    ],
    [
      'does not run by a pod that goes',
      workload(1),
      [
        pod({ ready: true, deletionTimestamp: '2026-12-01T00:00:00Z' }),
        pod({ ready: true, phase: 'Failed' }),
      ],
      'starting',
      /start/,
    ],
  ])('%s', (_what, deployment, found, state, message) => {
    const verdict = judge(deployment, found);
    expect(verdict.state).toBe(state);
    if (message === null) expect(verdict.message).toBeNull();
    else expect(verdict.message).toMatch(message);
  });

  test('counts its pods and says their sizes', () => {
    const found = [pod({ ready: true, cpu: '1' }), pod({ ready: true }), pod({ ready: true }), pod()];
    expect(judge(workload(4), found)).toMatchObject({
      wanted: 4,
      ready: 3,
      sizes: [
        { cpuMillis: 250, memoryBytes: 2 ** 30, pods: 2 },
        { cpuMillis: 1000, memoryBytes: 2 ** 30, pods: 1 },
      ],
    });
  });

  test('says no more than a few lines', () => {
    expect(judge(workload(1, `exceeded quota: ${'x'.repeat(5000)}`), []).message).toHaveLength(300);
  });
});

describe('the health of a tenant', () => {
  const tenant = (change: object = {}) =>
    ({
      id: 'abcd1234',
      product: 'stream',
      phase: 'active',
      desiredState: 'active',
      desiredSpec: { plan: 'business' },
      ...change,
    }) as unknown as Tenant;
  const seenAt = new Date('2026-12-01T03:00:00Z');
  const seen = (change: Partial<Seen> = {}): Seen => ({
    tenantId: 'abcd1234',
    isFresh: true,
    seenAt,
    state: 'running',
    message: null,
    wanted: 1,
    ready: 1,
    sizes: [],
    since: seenAt,
    ...change,
  });
  test('is what was seen while its cell is watched', () => {
    expect(healthOf(tenant(), seen())).toMatchObject({ state: 'running', ready: 1, lookedAt: null });
  });

  test('is unknown, with its age, once nobody watches, whatever was seen', () => {
    const health = healthOf(tenant(), seen({ isFresh: false }));
    expect(health).toMatchObject({ state: 'unknown', wanted: null, ready: null, lookedAt: seenAt });
    expect(healthOf(tenant(), null)).toMatchObject({ state: 'unknown', lookedAt: null });
  });

  test('is not running when its workload is not there', () => {
    const health = healthOf(tenant(), seen({ state: null, wanted: null, ready: null, sizes: null }));
    expect(health).toMatchObject({ state: 'starting', ready: 0, message: expect.stringMatching(/not in/) });
    expect(health && isDown(health)).toBe(true);
  });

  test('is none of a tenant that goes', () => {
    expect(healthOf(tenant({ desiredState: 'deleted' }), seen())).toBeNull();
  });

  test.each<[Partial<Seen>, boolean]>([
    [{ state: 'running', ready: 1 }, false],
    [{ state: 'none_wanted', ready: 0 }, false],
    [{ state: 'crash', ready: 0 }, true],
    [{ state: 'starting', ready: 0 }, true],
    [{ state: 'quota', ready: 1, wanted: 2 }, false],
    [{ state: 'crash', ready: 0, isFresh: false }, false],
  ])('it is down only if none of its pods is known to be ready: %j', (change, expected) => {
    const health = healthOf(tenant(), seen(change));
    expect(health && isDown(health)).toBe(expected);
  });
});
