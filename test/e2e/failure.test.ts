import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { EntryView, TenantView } from '../../api/contract/tenant.ts';
import { isSettled, pay, untilTenant, untilTenantIs } from '../support/customer.ts';
import { remainsOf } from '../support/remains.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

let tenantry: Tenantry;
beforeAll(async () => {
  tenantry = await startTenantry({
    variables: {
      TENANTRY_OPERATION_TIMEOUT_MS: '10000',
      TENANTRY_OPERATIONS_PER_RUNNER: '1',
      // As where our engine cannot be built: both engines' failures are read alike.
      TENANTRY_TOOL_TENANTRY_ENGINE: inject('tools').pulumi,
    },
  });
});
afterAll(() => tenantry?.stop());

async function timelineOf(id: string, token?: string): Promise<EntryView[]> {
  const answer = await tenantry.request('GET', `/v1/tenants/${id}/timeline`, token ? { token } : {});
  return (answer.body as { entries: EntryView[] }).entries;
}

async function namespace(method: 'PATCH' | 'DELETE', name: string): Promise<void> {
  await tenantry.cluster.send({
    method,
    path: `/api/v1/namespaces/${name}`,
    ...(method === 'PATCH' && {
      query: { fieldManager: 'somebody', force: 'true' },
      contentType: 'application/apply-patch+yaml' as const,
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    }),
  });
}

test('a name that belongs to somebody else in the cluster fails for good, says why, and a retry succeeds once it is free', async () => {
  await namespace('PATCH', 'tenant-squatted');
  const { checkoutId, token } = await pay(tenantry, 'mary@example.com', {
    product: 'stream',
    plan: 'free',
    slug: 'squatted',
  });
  const failed = await untilTenant(tenantry, `checkout=${checkoutId}`, ({ phase }) => phase === 'failed');
  expect(failed.reason?.code).toBe('name_conflict');
  expect(failed.nextTryAt).toBeNull();
  expect(failed.cause).toMatch(/tenant-squatted/);
  // The tenant reads the reason, the operator also the cause.
  const seenByOwner = (await tenantry.request('GET', `/v1/tenants/${failed.id}`, { token }))
    .body as TenantView;
  expect(seenByOwner.reason?.code).toBe('name_conflict');
  expect(seenByOwner.cause).toBeUndefined();
  expect((await timelineOf(failed.id, token)).some(({ kind }) => kind === 'operation.cause')).toBe(false);
  expect((await timelineOf(failed.id)).some(({ kind }) => kind === 'operation.cause')).toBe(true);

  await namespace('DELETE', 'tenant-squatted');
  await until(() =>
    tenantry.cluster.send({ method: 'GET', path: '/api/v1/namespaces/tenant-squatted' }).then(
      () => false,
      () => true,
    ),
  );
  expect((await tenantry.request('POST', `/v1/tenants/${failed.id}/retry`, { token })).status).toBe(202);
  await untilTenantIs(tenantry, failed.id, isSettled('active'));
});

test('whoever gives up on a name that belongs to somebody else leaves nothing behind, and that one its namespace', async () => {
  await namespace('PATCH', 'tenant-given-up');
  const { checkoutId } = await pay(tenantry, 'sue@example.com', {
    product: 'stream',
    plan: 'free',
    slug: 'given-up',
  });
  const failed = await untilTenant(tenantry, `checkout=${checkoutId}`, ({ phase }) => phase === 'failed');
  await tenantry.stripeClient.subscriptions.cancel(failed.subscription?.id ?? '');
  await untilTenantIs(tenantry, failed.id, isSettled('deleted'));
  const left = await remainsOf(tenantry, failed);
  // Everything in somebody else's namespace is theirs.
  expect(
    left.filter(
      (what) => !/^(Namespace tenant-given-up|ServiceAccount default|ConfigMap kube-root-ca.crt)$/.test(what),
    ),
  ).toEqual([]);
  expect(left).toContain('Namespace tenant-given-up');
  await namespace('DELETE', 'tenant-given-up');
});

test('an engine that hangs is killed at its time limit, its lock is recovered, and the tenant is tried again', async () => {
  const { checkoutId } = await pay(tenantry, 'slow@example.com', {
    product: 'stream',
    plan: 'free',
    slug: 'hung',
  });
  const tenant = await untilTenant(tenantry, `checkout=${checkoutId}`, () => true, { intervalMs: 2 });
  const engine = await until(() => engineOf(tenant.id), { intervalMs: 2, what: 'an engine' });
  process.kill(engine, 'SIGSTOP');
  await untilTenantIs(tenantry, tenant.id, isSettled('active'));
  const codes = (await timelineOf(tenant.id))
    .filter(({ kind }) => kind === 'operation.failed')
    .map(({ data }) => data.code);
  expect(codes).toEqual(['timed_out']);
});

async function engineOf(tenantId: string): Promise<number | null> {
  const { rows } = await tenantry.database.query<{ group: number | null }>(
    'select process_group as "group" from tenantry.lease where tenant_id = $1',
    [tenantId],
  );
  const group = rows[0]?.group;
  if (!group) return null;
  const processes = execFileSync('ps', ['-e', '-o', 'pid=,pgid=,comm='], { encoding: 'utf8' });
  const engine = processes
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, pgid, command]) => Number(pgid) === group && command === 'pulumi');
  return engine ? Number(engine[0]) : null;
}

test('no secret is in the logs of the service', () => {
  const log = readFileSync(join(tenantry.home, 'programs.log'), 'utf8');
  const password = new URL(inject('postgresUrl')).password;
  for (const secret of [tenantry.stripe.secretKey, tenantry.webhookSecret, password]) {
    expect(secret.length).toBeGreaterThan(8);
    expect(log.includes(secret)).toBe(false);
  }
});
