import { describe, expect, test } from 'vitest';
import { classifyFailure, type FailureCode } from '../../automation/stacks/failure.ts';

const failed = (cause: string) =>
  classifyFailure({ outcome: 'failed', cause, durationMs: 1, stateComplete: true });

/** Diagnostics as kube-apiserver, PostgreSQL, the engine and the network word them. */
const diagnostics: [FailureCode, boolean, string][] = [
  ['unreachable', false, 'connect ECONNREFUSED 127.0.0.1:6443'],
  ['unreachable', false, 'dial tcp 10.0.0.1:443: connect: connection refused'],
  ['unreachable', false, 'read ECONNRESET'],
  [
    'unreachable',
    false,
    'Client network socket disconnected before secure TLS connection was established: TLS handshake',
  ],
  ['unreachable', false, 'dial tcp: lookup k8s.example: i/o timeout'],
  ['unreachable', false, 'getaddrinfo ENOTFOUND k8s.example'],
  ['unreachable', false, 'getaddrinfo EAI_AGAIN k8s.example'],
  ['unreachable', false, 'UND_ERR_CONNECT_TIMEOUT: Connect Timeout Error'],
  ['unreachable', false, 'the server is currently unable to handle the request (503)'],
  ['unreachable', false, 'the database system is shutting down'],
  ['unreachable', false, 'the database system is starting up'],
  ['unreachable', false, 'FATAL: sorry, too many clients already'],
  ['unreachable', false, 'Connection terminated unexpectedly'],
  ['unreachable', false, '14 UNAVAILABLE: Connection dropped'],
  ['unreachable', false, 'etcdserver: request timed out'],
  ['unreachable', false, 'etcdserver: leader changed'],
  ['unreachable', false, 'context deadline exceeded'],
  ['deletion_blocked', false, 'still being deleted: namespace beta-user-a1234567'],
  [
    'deletion_blocked',
    false,
    'configmaps "x" is forbidden: unable to create new content in namespace beta-user-x because it is being terminated',
  ],
  [
    'deletion_blocked',
    false,
    'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  ],
  [
    'capacity',
    false,
    'pods "workspace-7d" is forbidden: exceeded quota: tenant, requested: pods=1, used: pods=50, limited: pods=50',
  ],
  ['capacity', false, 'Too many requests, please try again later. (429)'],
  ['capacity', false, 'ERROR: could not extend file "base/1/2": No space left on device'],
  [
    'name_conflict',
    true,
    'Namespace "tenant-acme" belongs to another tenant (b7654321): it is left as it is',
  ],
  ['name_conflict', true, 'namespaces "tenant-acme" already exists'],
  [
    'name_conflict',
    true,
    'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas',
  ],
  ['name_conflict', true, 'ERROR: role "tenant_a1234567" already exists'],
  [
    'not_permitted',
    true,
    'namespaces is forbidden: User "tenantry" cannot create resource "namespaces" in API group "" at the cluster scope',
  ],
  ['not_permitted', true, 'ERROR: permission denied to create database'],
  ['not_permitted', true, 'Unauthorized (401)'],
  [
    'rejected_by_cluster',
    true,
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
  ],
  ['rejected_by_cluster', true, 'admission webhook "policy.example" denied the request: no'],
  [
    'rejected_by_cluster',
    true,
    'Deployment.apps "x" is invalid: spec.selector: Invalid value: field is immutable',
  ],
  [
    'rejected_by_cluster',
    true,
    'PersistentVolumeClaim "home" is invalid: spec: Forbidden: spec is immutable after creation',
  ],
  ['engine_failed', false, 'something that nobody has seen before'],
  ['engine_failed', false, ''],
];

describe('classifyFailure', () => {
  test.each(diagnostics)('%s (permanent: %s): %s', (code, permanent, cause) => {
    expect(failed(cause)).toMatchObject({ code, permanent, cause });
  });

  test('a conflict of versions passes by itself', () => {
    expect(
      failed(
        'Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again (conflict)',
      ).permanent,
    ).toBe(false);
  });

  test('figures that only look like a status decide nothing', () => {
    for (const cause of [
      'volume of 5036 bytes could not be formatted',
      'resource a4297503 gave up',
      'generation 4220 was not seen',
      'error at line 1401',
    ]) {
      expect(failed(cause)).toMatchObject({ code: 'engine_failed', permanent: false });
    }
  });

  test('a passing cause explains whatever else was reported with it', () => {
    expect(failed('namespaces "x" already exists\nconnect ECONNREFUSED 127.0.0.1:6443')).toMatchObject({
      code: 'unreachable',
      permanent: false,
    });
  });

  test.each([
    ['timeout', 'timed_out'],
    ['lease-lost', 'interrupted'],
    ['permit-over', 'interrupted'],
    ['runner-died', 'interrupted'],
    ['stopped', 'interrupted'],
  ] as const)('an engine that was killed (%s) is %s and tried again', (why, code) => {
    const failure = classifyFailure({ outcome: 'killed', why, durationMs: 1500 });
    expect(failure).toMatchObject({ code, permanent: false });
    expect(failure.cause).toContain('1500 ms');
  });

  test('what the tenant reads never holds the diagnostics', () => {
    for (const [, , cause] of diagnostics) {
      const { message } = failed(`${cause} password=hunter2`);
      expect(message).not.toMatch(/hunter2|k8s|namespace|etcd|postgres/i);
    }
  });
});
