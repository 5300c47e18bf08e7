import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EntryView, TenantView } from '../../api/contract/tenant.ts';
import { changePlan, isSettled, pay, subscribe, untilTenant, untilTenantIs } from '../support/customer.ts';
import { type EndState, endStateOf } from '../support/end-state.ts';
import { remainsOf } from '../support/remains.ts';
import { type Program, startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

/**
 * Every process of the service is killed at named points of a tenant's life. Whatever was killed and when, the end
 * state equals that of an undisturbed tenant. Tenants live at the same time, so that one waits for a dead holder's
 * lease to run out while others work; those that came through their creation go on to a change or to their deletion.
 */

const purchase = { product: 'stream', plan: 'business' } as const;
const otherPlan = 'professional';

let tenantry: Tenantry;
/** Of an undisturbed tenant, at the resting points of its life. */
let calm: Record<'created' | 'suspended' | 'resumed' | 'changed', EndState>;

beforeAll(async () => {
  tenantry = await startTenantry({
    workers: 3,
    variables: { TENANTRY_LEASE_TTL_MS: '4000', TENANTRY_RUNNERS: '1' },
  });
  const { tenant } = await subscribe(tenantry, 'calm@example.com', { ...purchase, slug: 'calm-tenant' });
  const rest = async (done: Done) => endStateOf(tenantry, await untilTenantIs(tenantry, tenant.id, done));
  const created = await rest(isSettled('active'));
  await pause(tenant);
  const suspended = await rest(isSettled('suspended'));
  await tenantry.stripeClient.subscriptions.resume(subscriptionOf(tenant));
  const resumed = await rest(isSettled('active'));
  await changePlan(tenantry, tenant, otherPlan);
  calm = { created, suspended, resumed, changed: await rest(hasOtherPlan) };
});
afterAll(() => tenantry?.stop());

type Done = (tenant: TenantView) => boolean;

const hasOtherPlan: Done = (tenant) => tenant.observed.plan === otherPlan && isSettled('active')(tenant);

function subscriptionOf({ subscription }: TenantView): string {
  return subscription?.id ?? '';
}

async function pause(tenant: TenantView): Promise<void> {
  await tenantry.stripeClient.subscriptions.pause(subscriptionOf(tenant));
}

async function cancel(tenant: TenantView): Promise<void> {
  await tenantry.stripeClient.subscriptions.cancel(subscriptionOf(tenant));
}

/** Pays for a tenant, which is seen as soon as it is there. */
async function begin(slug: string): Promise<TenantView> {
  const { checkoutId } = await pay(tenantry, 'crash@example.com', { ...purchase, slug });
  return untilTenant(tenantry, `checkout=${checkoutId}`, () => true, { intervalMs: 2 });
}

async function show(id: string): Promise<TenantView> {
  return (await tenantry.request('GET', `/v1/tenants/${id}`)).body;
}

async function timelineOf(id: string): Promise<EntryView[]> {
  return ((await tenantry.request('GET', `/v1/tenants/${id}/timeline`)).body as { entries: EntryView[] })
    .entries;
}

interface LeaseRow {
  readonly holder: string;
  readonly group: number | null;
}

async function leaseOf(tenantId: string): Promise<LeaseRow | null> {
  const { rows } = await tenantry.database.query<LeaseRow>(
    'select holder, process_group as "group" from tenantry.lease where tenant_id = $1',
    [tenantId],
  );
  return rows[0] ?? null;
}

async function live<T>(path: string): Promise<T | null> {
  return tenantry.cluster.send({ method: 'GET', path }).then(
    (answer) => answer as T,
    () => null,
  );
}

function stateFile(tenantId: string): string {
  return join(tenantry.home, 'state', '.pulumi', 'stacks', 'tenantry', `${tenantId}.json`);
}

function stateHolds(tenantId: string, text: string): boolean {
  return existsSync(stateFile(tenantId)) && readFileSync(stateFile(tenantId), 'utf8').includes(text);
}

/** Points in a creation, in the order in which it passes them. */
const creation: Record<string, (tenant: TenantView) => Promise<boolean>> = {
  'the lease was taken': async ({ id }) => (await leaseOf(id)) !== null,
  'the runner was chosen': async ({ id }) => ((await leaseOf(id))?.group ?? null) !== null,
  'the engine was started': async ({ id }) => enginesOf((await leaseOf(id))?.group).length > 0,
  'the namespace was created': async ({ namespace }) =>
    (await live(`/api/v1/namespaces/${namespace}`)) !== null,
  'half of the objects were created': async ({ namespace }) =>
    (await live(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/default-deny`)) !== null,
  'the state was written': async ({ id }) => stateHolds(id, 'kubernetes:core/v1:Namespace'),
};

/** Points in any operation, and in those that come later in a life. */
const points: typeof creation = {
  ...creation,
  'the quota was that of the other plan': async ({ namespace }) => {
    const quota = await live<{ metadata: { labels: Record<string, string> } }>(
      `/api/v1/namespaces/${namespace}/resourcequotas/plan`,
    );
    return quota?.metadata.labels['tenantry.dev/plan'] === otherPlan;
  },
  'compute was at zero': async ({ namespace }) => {
    const deployment = await live<{ spec: { replicas: number } }>(
      `/apis/apps/v1/namespaces/${namespace}/deployments/${purchase.product}`,
    );
    return deployment?.spec.replicas === 0;
  },
  // The engine leaves the end of the namespace to the cluster.
  'the namespace was ending and the stack was there': async ({ id, namespace }) => {
    const ending = await live<{ metadata: { deletionTimestamp?: string } }>(
      `/api/v1/namespaces/${namespace}`,
    );
    return existsSync(stateFile(id)) && (ending === null || ending.metadata.deletionTimestamp !== undefined);
  },
};

/** Process ids of the engines that run in a runner's group. No program is started: the engine would be done by then. */
function enginesOf(group: number | null | undefined): number[] {
  if (!group) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const { name, processGroup } = statOf(pid) ?? {};
      return processGroup === group && (name === 'tenantry-engine' || name === 'pulumi');
    });
}

/** Null for a process that is gone. */
function statOf(pid: number): { name: string; processGroup: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = stat.lastIndexOf(')');
    return {
      name: stat.slice(stat.indexOf('(') + 1, end),
      processGroup: Number(stat.slice(end + 2).split(' ')[2]),
    };
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return null;
  }
}

function holderOf({ holder }: LeaseRow): Program {
  const pid = Number(holder.split(':')[1]);
  const worker = tenantry.programs.workers.find(({ process }) => process.pid === pid);
  if (!worker) throw new Error(`no worker has the process id ${pid}`);
  return worker;
}

async function isUndone(tenantId: string): Promise<boolean> {
  const { desired, observed } = await show(tenantId);
  return desired.generation !== observed.generation;
}

/**
 * Each returns whether it killed anybody with the tenant's work undone. Runner and engine may be held meanwhile;
 * `release` lets them go on.
 */
const victims: Record<string, (tenantId: string, release: () => void) => Promise<boolean>> = {
  worker: async (tenantId, release) => {
    const lease = await leaseOf(tenantId);
    const worker = lease && holderOf(lease);
    // The operation may have ended meanwhile; or its holder died for another tenant, and the next one is waited for.
    if (!worker || worker.process.killed) return false;
    await worker.kill();
    const undone = await isUndone(tenantId);
    release();
    await tenantry.startWorker();
    return undone;
  },
  runner: async (tenantId) => {
    const group = (await leaseOf(tenantId))?.group;
    return Boolean(group) && signal(group ?? -1, 'SIGKILL');
  },
  engine: async (tenantId) =>
    enginesOf((await leaseOf(tenantId))?.group)
      .map((pid) => signal(pid, 'SIGKILL'))
      .some((killed) => killed),
  api: async () => {
    await tenantry.restartApi();
    return true;
  },
};

/** Most tenants of one case: a quick one may be done before it is killed. */
const attempts = 8;

interface Disturbance {
  readonly victim: string;
  readonly point: string;
  /** Begins the work to disturb, with another tenant each time. */
  readonly start: (attempt: number) => Promise<TenantView>;
  readonly done: Done;
  /** Instead of the victim's. It may stop runner and engine itself, so that nothing here lets them go on. */
  readonly kill?: (tenantId: string) => Promise<boolean>;
}

/**
 * Lets the engine of a tenant's operation and its runner work by turns, with a look after each turn, in which both are
 * held. So on however busy a machine a tenant is still at the point at which it was seen, and the runner has not yet
 * heard of what its engine did in its last turn.
 */
function turnsOf(tenantId: string) {
  let engines: number[] = [];
  let runner: number | null = null;
  let isEnginesTurn = false;
  const held = () => (runner === null ? engines : [...engines, runner]);
  return {
    hold: async (): Promise<void> => {
      engines = engines.filter((pid) => signal(pid, 'SIGSTOP'));
      if (engines.length === 0) {
        const group = (await leaseOf(tenantId))?.group ?? null;
        engines = enginesOf(group).filter((pid) => signal(pid, 'SIGSTOP'));
        runner = engines.length > 0 ? group : null;
      }
      if (runner !== null) signal(runner, 'SIGSTOP');
    },
    next: (): void => {
      isEnginesTurn = !isEnginesTurn;
      for (const pid of isEnginesTurn ? engines : held().slice(engines.length)) signal(pid, 'SIGCONT');
    },
    end: (): void => {
      for (const pid of held()) signal(pid, 'SIGCONT');
    },
  };
}

/**
 * Brings a tenant to the point, kills the victim there and waits for the end; repeats with another tenant until
 * somebody was killed in the middle of its work.
 */
async function killAt({ victim, point, start, done, kill }: Disturbance): Promise<TenantView> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const begunAt = Date.now();
    const begun = await start(attempt);
    let killed = false;
    let isOver = false;
    const settling = untilTenantIs(tenantry, begun.id, done).finally(() => {
      isOver = true;
    });
    const turns = kill ? null : turnsOf(begun.id);
    try {
      await until(
        async () => {
          await turns?.hold();
          if (await points[point]?.(begun)) {
            killed = (await (kill ?? victims[victim])?.(begun.id, () => turns?.end())) ?? false;
          }
          turns?.next();
          return killed || isOver;
        },
        { intervalMs: 2, what: point },
      );
    } finally {
      turns?.end();
    }
    const settled = await settling;
    if (!killed) continue;
    if (await isSeen(victim, begun.id, begunAt)) return settled;
  }
  throw new Error(`in ${attempts} tenants nobody was quick enough to kill the ${victim} when ${point}`);
}

/** The death of a runner or an engine is a failed operation; those of the others leave no such trace. */
async function isSeen(victim: string, tenantId: string, begunAt: number): Promise<boolean> {
  if (victim !== 'runner' && victim !== 'engine') return true;
  const entries = await timelineOf(tenantId);
  return entries.some(({ kind, at }) => kind === 'operation.failed' && Date.parse(at) >= begunAt);
}

/** False for a process that is gone, or dead but not yet collected by its parent, which may itself be stopped. */
function isRunning(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return state !== 'Z';
  } catch {
    return false;
  }
}

/** False when there is no such process. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

test('the state that others are held to is whole, and the same after a suspension', () => {
  expect(calm.created).toMatchObject({
    tenant: { settled: true, tenants: 1, row: { phase: 'active', unsettled: false } },
    login: { name: 'tenant_ID', schema: 'tenant_ID' },
    postgres: [{ kind: 'role' }, { kind: 'schema' }],
    stack: { pending: [], files: ['ID.json', 'ID.json.attrs', 'ID.json.bak', 'ID.json.bak.attrs'] },
  });
  expect(calm.resumed).toEqual(calm.created);
  expect(calm.suspended).not.toEqual(calm.created);
  expect(calm.changed).not.toEqual(calm.created);
});

/** Tenants that came through their creation, for the later parts of a life. */
const standing: TenantView[] = [];

async function standingTenant(slug: string): Promise<TenantView> {
  return standing.pop() ?? (await subscribe(tenantry, 'more@example.com', { ...purchase, slug })).tenant;
}

interface Work {
  readonly start: (slug: string) => Promise<TenantView>;
  readonly done: Done;
  readonly expectEnd: (tenant: TenantView) => Promise<unknown>;
}

function changeOf(make: (tenant: TenantView) => Promise<void>, done: Done, end: keyof typeof calm): Work {
  return {
    start: async (slug) => {
      const tenant = await standingTenant(slug);
      await make(tenant);
      return tenant;
    },
    done,
    expectEnd: async (tenant) => expect(await endStateOf(tenantry, tenant)).toEqual(calm[end]),
  };
}

const works: Record<string, Work> = {
  'a creation': {
    start: begin,
    done: isSettled('active'),
    expectEnd: async (tenant) => {
      expect(await endStateOf(tenantry, tenant)).toEqual(calm.created);
      standing.push(tenant);
    },
  },
  'a change of plan': changeOf((tenant) => changePlan(tenantry, tenant, otherPlan), hasOtherPlan, 'changed'),
  'a suspension': changeOf(pause, isSettled('suspended'), 'suspended'),
  'a deletion': {
    ...changeOf(cancel, isSettled('deleted'), 'created'),
    expectEnd: async (tenant) => expect(await remainsOf(tenantry, tenant)).toEqual([]),
  },
};

const inCreation = Object.keys(creation);
const deletions = ['the engine was started', 'the namespace was ending and the stack was there'].map(
  (point) => ({
    work: 'a deletion',
    point,
  }),
);
const creations = (those: readonly string[]) => those.map((point) => ({ work: 'a creation', point }));

/* The cases of a row one after another, those of different rows at the same time: no more than two kill workers. */
describe.concurrent.each([
  { victim: 'worker', cases: creations(inCreation) },
  {
    victim: 'worker',
    cases: [
      { work: 'a change of plan', point: 'the quota was that of the other plan' },
      { work: 'a suspension', point: 'the engine was started' },
      ...deletions,
    ],
  },
  {
    victim: 'runner',
    cases: [
      ...creations(inCreation.slice(2)),
      { work: 'a suspension', point: 'compute was at zero' },
      ...deletions,
    ],
  },
  {
    victim: 'engine',
    cases: [
      ...creations(inCreation.slice(2, 5)),
      { work: 'a change of plan', point: 'the engine was started' },
      ...deletions,
    ],
  },
])('SIGKILL of the $victim', ({ victim, cases }) => {
  test.sequential.each(cases)('in $work when $point ends in the same state', async ({ work, point }) => {
    const { start, done, expectEnd } = works[work] ?? expect.fail(work);
    const slug = `${victim}-${Object.keys(works).indexOf(work)}-${Object.keys(points).indexOf(point)}`;
    const tenant = await killAt({ victim, point, start: (attempt) => start(`${slug}-${attempt}`), done });
    await expectEnd(tenant);
  });
});

test.concurrent('a creation that was killed and never taken up again is deleted whole', async () => {
  const begun = await begin('never-was');
  await until(async () => points['the namespace was created']?.(begun), { intervalMs: 2 });
  await victims.runner?.(begun.id, () => {});
  // Cancelled before anybody tries again: the engine's state knows nothing of the namespace.
  await cancel(begun);
  await untilTenantIs(tenantry, begun.id, isSettled('deleted'));
  expect(await remainsOf(tenantry, begun)).toEqual([]);
});

describe('the API', () => {
  test('SIGKILL when the lease was taken ends in the same state, as it takes no part any more', async () => {
    const tenant = await killAt({
      victim: 'api',
      point: 'the lease was taken',
      start: (attempt) => begin(`crash-api-${attempt}`),
      done: isSettled('active'),
    });
    expect(await endStateOf(tenantry, tenant)).toEqual(calm.created);
  });
});

describe('a lease holder that was stopped and wakes late', () => {
  interface Sleeper {
    readonly tenant: TenantView;
    readonly worker: Program;
    /** Process group of its runner. */
    readonly group: number;
  }

  /** Stops worker, runner and engine in the middle of a creation, which others then complete. */
  async function sleeperOf(
    slug: string,
    whenStopped: (tenantId: string) => Promise<unknown>,
  ): Promise<Sleeper> {
    let sleeper: Omit<Sleeper, 'tenant'> | undefined;
    const stop = async (tenantId: string) => {
      const lease = await leaseOf(tenantId);
      if (!lease?.group) return false;
      const [worker, group] = [holderOf(lease), lease.group];
      signal(worker.process.pid ?? -1, 'SIGSTOP');
      signal(-group, 'SIGSTOP');
      await whenStopped(tenantId);
      if (!(await isUndone(tenantId))) {
        for (const pid of [-group, worker.process.pid ?? -1]) signal(pid, 'SIGCONT');
        return false;
      }
      sleeper = { worker, group };
      await tenantry.startWorker();
      return true;
    };
    const tenant = await killAt({
      victim: 'holder',
      point: 'the namespace was created',
      start: (attempt) => begin(`${slug}-${attempt}`),
      done: isSettled('active'),
      kill: stop,
    });
    return { tenant, ...(sleeper ?? expect.fail('nobody sleeps')) };
  }

  const timesLost = () =>
    readFileSync(join(tenantry.home, 'programs.log'), 'utf8').split('lost the lease').length;

  async function wakeWorker({ worker }: Sleeper): Promise<void> {
    const before = timesLost();
    signal(worker.process.pid ?? -1, 'SIGCONT');
    await until(() => timesLost() > before, { what: 'the worker noticing that its lease is lost' });
  }

  /** What holders of its lease have written; verifying its end needs no lease. */
  async function everythingWritten(tenantId: string): Promise<unknown> {
    const { rows } = await tenantry.database.query(
      'select phase, observed_generation, unsettled, attempts, outputs, cause from tenantry.tenant where id = $1',
      [tenantId],
    );
    const entries = (await timelineOf(tenantId)).filter(({ kind }) => !kind.startsWith('offboarding.'));
    return { row: rows[0], entries };
  }

  test('writes nothing, and its engine is dead before the next holder begins', async () => {
    const sleeper = await sleeperOf('sleepy', async () => {});
    const { tenant, group } = sleeper;
    expect(isRunning(group)).toBe(false);
    const before = await everythingWritten(tenant.id);
    await wakeWorker(sleeper);
    expect(await everythingWritten(tenant.id)).toEqual(before);
    expect(await endStateOf(tenantry, tenant)).toEqual(calm.created);
  });

  test('writes nothing with an engine that nobody could kill: what it was to create is deleted and stays so', async () => {
    // The next holder believes it on another host, out of reach.
    const moveAway = (id: string) =>
      tenantry.database.query(`update tenantry.lease set host = 'elsewhere' where tenant_id = $1`, [id]);
    const sleeper = await sleeperOf('dreamy', moveAway);
    const { tenant, group } = sleeper;
    await cancel(tenant);
    await untilTenantIs(tenantry, tenant.id, isSettled('deleted'));
    expect(await remainsOf(tenantry, tenant)).toEqual([]);
    const before = await everythingWritten(tenant.id);

    // Engine and runner wake first: their worker cannot kill them either.
    expect(enginesOf(group)).not.toEqual([]);
    signal(-group, 'SIGCONT');
    await until(async () => ![group, ...enginesOf(group)].some(isRunning), {
      what: 'the end of runner and engine',
    });
    expect(await remainsOf(tenantry, tenant)).toEqual([]);
    await wakeWorker(sleeper);
    expect(await everythingWritten(tenant.id)).toEqual(before);
    expect(await remainsOf(tenantry, tenant)).toEqual([]);
  });
});
