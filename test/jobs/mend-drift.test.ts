import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JobContext } from '../../automation/jobs/context.ts';
import { convergeTenant } from '../../automation/jobs/converge-tenant.ts';
import type { OperationRequest, OperationResult } from '../../automation/stacks/protocol.ts';
import { RunnerNotStarted } from '../../automation/stacks/runners.ts';
import type { Database } from '../../automation/store/database.ts';
import { listUnconverged } from '../../automation/store/due-tenants.ts';
import { type Fingerprint, findTenant } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { jobContext } from '../support/job-context.ts';
import { playedRunners } from '../support/played-runners.ts';
import { addTenant } from '../support/tenant-rows.ts';

/* What the job makes of objects that somebody changed; the engine and the cluster are played. */

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 4 });
  database = control.database;
});
afterAll(() => control?.drop());

const quota = { apiVersion: 'v1', kind: 'ResourceQuota', name: 'plan', namespace: 'x' };
const outputs = { namespace: 'x', serviceUrl: null, database: null, objects: [quota] };
const applied: Fingerprint = { 'v1/ResourceQuota/plan': 'as applied' };
const changed: Fingerprint = { 'v1/ResourceQuota/plan': 'changed' };

const succeeded: Extract<OperationResult, { outcome: 'succeeded' }> = {
  outcome: 'succeeded',
  outputs,
  changes: {},
  applied,
  durationMs: 1,
};

let live: Fingerprint;
let requests: OperationRequest[];
/** What the engine does next, in order; afterwards it restores the objects. */
let next: (() => OperationResult)[];
let context: JobContext;
beforeEach(() => {
  live = applied;
  requests = [];
  next = [];
  const succeed = (): OperationResult => {
    live = applied;
    return succeeded;
  };
  context = {
    ...jobContext({ database, stripe: null as never, policy: { retryBaseMs: 1 } }),
    fingerprints: {
      read: async () => live,
      remains: async () => [],
      isEnding: async () => false,
      takeOffFinalizers: async () => [],
      endPods: async () => [],
    },
    runners: playedRunners(async (request) => {
      requests.push(request);
      return (next.shift() ?? succeed)();
    }),
  };
});

const failed: OperationResult = {
  outcome: 'failed',
  cause: 'connection refused',
  durationMs: 1,
  stateComplete: true,
};

const aTenant = () => addTenant(database, { set: { stack_settings: { encryptedkey: 'none' } } });
const refreshed = () => requests.map((request) => request.kind === 'up' && request.refresh);
async function drifts(tenantId: string): Promise<unknown[]> {
  const { rows } = await database.query<{ data: { objects: string[] } }>(
    `select data from tenantry.audit where tenant_id = $1 and kind = 'tenant.drifted'`,
    [tenantId],
  );
  return rows.map(({ data }) => data.objects);
}

test('an object that was changed before anybody looked at it is mended', async () => {
  const { id } = await aTenant();
  next.push(() => {
    live = changed;
    return succeeded;
  });
  await convergeTenant(context, id);
  await convergeTenant(context, id);
  expect(refreshed()).toEqual([false, true]);
  expect(await drifts(id)).toEqual([['v1/ResourceQuota/plan']]);
  expect(await findTenant(database, id)).toMatchObject({ phase: 'active', unsettled: false });
});

test('a new tenant whose stack has a state already is seen whole, and one without is not looked at twice', async () => {
  const { id } = await aTenant();
  next.push(() => ({ ...succeeded, changes: { create: 3, same: 2 } }));
  await convergeTenant(context, id);
  expect(refreshed()).toEqual([false, true]);
  const { id: other } = await aTenant();
  next.push(() => ({ ...succeeded, changes: { create: 5 } }));
  await convergeTenant(context, other);
  expect(refreshed()).toEqual([false, true, false]);
});

test('where the engine cannot say what was applied, the first look does', async () => {
  const { id } = await aTenant();
  next.push(() => {
    live = changed;
    return { ...succeeded, applied: null };
  });
  await convergeTenant(context, id);
  expect(await drifts(id)).toEqual([]);
  live = applied;
  await convergeTenant(context, id);
  expect(await drifts(id)).toHaveLength(1);
});

test('what still differs after it was mended is not mended for ever', async () => {
  const { id } = await aTenant();
  await convergeTenant(context, id);
  live = changed;
  next.push(() => succeeded);
  await convergeTenant(context, id);
  await convergeTenant(context, id);
  expect(refreshed()).toEqual([false, true]);
  expect(await findTenant(database, id)).toMatchObject({ phase: 'active', fingerprint: changed });
});

test.each<[string, OperationResult]>([
  ['fails', failed],
  ['is killed', { outcome: 'killed', why: 'runner-died', durationMs: 1 }],
])('a mending that %s is taken up again, and reads the live objects then, too', async (_how, result) => {
  const { id } = await aTenant();
  await convergeTenant(context, id);
  live = changed;
  next.push(() => result);
  await convergeTenant(context, id);
  expect(await findTenant(database, id)).toMatchObject({ phase: 'updating', attempts: 1 });
  const later = new Date(Date.now() + 60_000);
  expect((await listUnconverged(database, 'local', 500, later)).map((tenant) => tenant.id)).toContain(id);
  await convergeTenant({ ...context, now: () => later }, id);
  expect(refreshed()).toEqual([false, true, true]);
  expect(live).toBe(applied);
  expect(await drifts(id)).toHaveLength(1);
  expect(await findTenant(database, id)).toMatchObject({ phase: 'active', unsettled: false });
});

test('a tenant for which no runner starts says so, and is tried again', async () => {
  const { id } = await aTenant();
  const acquire = () => Promise.reject(new RunnerNotStarted('a runner process ended while it was starting'));
  await convergeTenant({ ...context, runners: { ...context.runners, acquire } }, id);
  expect(await findTenant(database, id)).toMatchObject({
    phase: 'provisioning',
    reasonCode: 'engine_failed',
    cause: 'a runner process ended while it was starting',
    attempts: 1,
  });
  await convergeTenant({ ...context, now: () => new Date(Date.now() + 60_000) }, id);
  expect(await findTenant(database, id)).toMatchObject({ phase: 'active', reasonCode: null });
});
