import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EntryView, TenantView } from '../../api/schemas.ts';
import { isSettled, pay, subscribe, untilTenant, untilTenantIs } from '../support/customer.ts';
import { remainsOf } from '../support/remains.ts';
import { type Program, startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

/*
 * Every process of the service is killed at named points of a tenant's creation and deletion. Whatever was killed and
 * when, the end state equals that of a run that nobody disturbed.
 */

let tenantry: Tenantry;
beforeAll(async () => {
  tenantry = await startTenantry({ workers: 2, variables: { TENANTRY_LEASE_TTL_MS: '4000' } });
});
afterAll(() => tenantry?.stop());

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

/** Points in an operation, in the order in which it passes them. */
const points: Record<string, (tenant: TenantView) => Promise<boolean>> = {
  'the lease was taken': async ({ id }) => (await leaseOf(id)) !== null,
  'the runner was chosen': async ({ id }) => ((await leaseOf(id))?.group ?? null) !== null,
  'the engine was started': async ({ id }) => enginesOf((await leaseOf(id))?.group ?? -1).length > 0,
  'the namespace was created': ({ namespace }) => exists(`/api/v1/namespaces/${namespace}`),
  'half of the objects were created': ({ namespace }) =>
    exists(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/default-deny`),
  'the state was written': async ({ id }) => stateHolds(id, 'kubernetes:core/v1:Namespace'),
};

async function exists(path: string): Promise<boolean> {
  return tenantry.cluster.send({ method: 'GET', path }).then(
    () => true,
    () => false,
  );
}

function stateHolds(tenantId: string, text: string): boolean {
  const file = join(tenantry.home, 'state', '.pulumi', 'stacks', 'tenantry', `${tenantId}.json`);
  return existsSync(file) && readFileSync(file, 'utf8').includes(text);
}

/** As the system calls them, which cuts names to 15 characters. */
const engineNames: ReadonlySet<string | undefined> = new Set(['tenantry-engine', 'pulumi']);

/** Process ids of the engines that run in a runner's group. */
function enginesOf(group: number): number[] {
  return execFileSync('ps', ['-e', '-o', 'pid=,pgid=,comm='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, pgid, command]) => Number(pgid) === group && engineNames.has(command))
    .map(([pid]) => Number(pid));
}

function holderOf({ holder }: LeaseRow): Program {
  const pid = Number(holder.split(':')[1]);
  const worker = tenantry.programs.workers.find(({ process }) => process.pid === pid);
  if (!worker) throw new Error(`no worker has the process id ${pid}`);
  return worker;
}

/** True when the worker was killed with the tenant's work undone. */
async function killWorker(tenantId: string): Promise<boolean> {
  const lease = await leaseOf(tenantId);
  // The operation may have ended between the point and the kill; then there is nobody to kill.
  if (!lease) return false;
  await holderOf(lease).kill();
  const { desired, observed } = await show(tenantId);
  await tenantry.startWorker();
  return desired.generation !== observed.generation;
}

/** Each tells whether it killed anybody. */
const victims: Record<string, (tenantId: string) => Promise<boolean>> = {
  worker: killWorker,
  runner: async (tenantId) => {
    const group = (await leaseOf(tenantId))?.group;
    return Boolean(group) && signal(group ?? -1, 'SIGKILL');
  },
  engine: async (tenantId) =>
    enginesOf((await leaseOf(tenantId))?.group ?? -1)
      .map((pid) => signal(pid, 'SIGKILL'))
      .some((killed) => killed),
  api: async () => {
    await tenantry.restartApi();
    return true;
  },
};

/** Tenants that one case takes at most: a quick one may be done before it is killed. */
const attempts = 8;

/**
 * Brings a tenant to the point with `start`, kills the victim there and waits for the end with `settle`; again with
 * another tenant as long as nobody was killed in the middle of its work.
 */
async function killAt(
  victim: string,
  point: string,
  start: (attempt: number) => Promise<TenantView>,
  settle: 'active' | 'deleted',
): Promise<TenantView> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const begun = await start(attempt);
    await until(async () => (await points[point]?.(begun)) || isSettled(settle)(await show(begun.id)), {
      intervalMs: 2,
      what: point,
    });
    if (!(await victims[victim]?.(begun.id))) continue;
    const settled = await untilTenantIs(tenantry, begun.id, isSettled(settle));
    if (await isSeen(victim, begun.id)) return { ...settled, slug: begun.slug };
  }
  throw new Error(`in ${attempts} tenants nobody was quick enough to kill the ${victim} when ${point}`);
}

/** The death of a runner or an engine is a failed operation; those of the others leave no such trace. */
async function isSeen(victim: string, tenantId: string): Promise<boolean> {
  if (victim !== 'runner' && victim !== 'engine') return true;
  const { entries } = (await tenantry.request('GET', `/v1/tenants/${tenantId}/timeline`)).body as {
    entries: EntryView[];
  };
  return entries.some(({ kind }) => kind === 'operation.failed');
}

/** False for a process that is gone or dead and not yet collected by its parent, which may itself be stopped. */
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

/** What a tenant is at rest, without what differs between any two tenants. */
async function endState(tenant: TenantView): Promise<unknown> {
  // The holder takes one more look at the cluster before it gives the lease back.
  await until(async () => (await leaseOf(tenant.id)) === null, { what: 'the lease being given back' });
  const anonymous = (text: string) =>
    text
      .replaceAll(tenant.namespace, 'NAMESPACE')
      .replaceAll(tenant.slug, 'SLUG')
      .replaceAll(tenant.id, 'ID');
  const objects = await Promise.all(
    (tenant.outputs?.objects ?? []).map(async ({ apiVersion, kind, name, namespace }) => {
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const list = (await tenantry.cluster.send({ method: 'GET', path: root })) as never as {
        resources: { kind: string; name: string }[];
      };
      const plural = list.resources.find((found) => found.kind === kind && !found.name.includes('/'))?.name;
      const path = `${root}${namespace ? `/namespaces/${namespace}` : ''}/${plural}/${name}`;
      const live = (await tenantry.cluster.send({ method: 'GET', path })) as never as {
        metadata: { labels: object };
        spec?: object;
      };
      return anonymous(JSON.stringify([kind, name, live.metadata.labels]));
    }),
  );
  const file = join(tenantry.home, 'state', '.pulumi', 'stacks', 'tenantry', `${tenant.id}.json`);
  const state = JSON.parse(readFileSync(file, 'utf8')) as {
    checkpoint: { latest: { resources: { urn: string }[]; pending_operations?: unknown[] } };
  };
  const { resources, pending_operations: pending } = state.checkpoint.latest;
  return {
    phase: tenant.phase,
    desired: tenant.desired,
    observed: tenant.observed,
    objects: objects.sort(),
    resources: resources.map(({ urn }) => anonymous(urn)).sort(),
    pending: pending ?? [],
  };
}

const purchase = { product: 'stream', plan: 'business' } as const;
let undisturbed: unknown;

describe('creation', () => {
  test('undisturbed, it ends in the state that the others are held to', async () => {
    const { tenant } = await subscribe(tenantry, 'calm@example.com', { ...purchase, slug: 'calm-tenant' });
    undisturbed = await endState(tenant);
  });

  const all = Object.keys(points);
  const cases = [
    ...all.map((point) => ({ victim: 'worker', point })),
    ...all.slice(2).map((point) => ({ victim: 'runner', point })),
    ...all.slice(2, 5).map((point) => ({ victim: 'engine', point })),
    // The API takes no part after the webhook.
    { victim: 'api', point: 'the lease was taken' },
  ];

  test.each(cases)(
    'SIGKILL of the $victim when $point ends in the same state',
    async ({ victim, point }) => {
      const nth = Object.keys(points).indexOf(point);
      const start = async (attempt: number) => {
        const slug = `crash-${victim}-${nth}${attempt > 0 ? `-${attempt}` : ''}`;
        const { checkoutId } = await pay(tenantry, 'crash@example.com', { ...purchase, slug });
        return untilTenant(tenantry, `checkout=${checkoutId}`, () => true, { intervalMs: 2 });
      };
      expect(await endState(await killAt(victim, point, start, 'active'))).toEqual(undisturbed);
    },
    240_000,
  );
});

async function show(id: string): Promise<TenantView> {
  return (await tenantry.request('GET', `/v1/tenants/${id}`)).body;
}

describe('deletion', () => {
  test.each([
    { victim: 'worker', point: 'the engine was started' },
    { victim: 'runner', point: 'the engine was started' },
    { victim: 'engine', point: 'the engine was started' },
  ])(
    'SIGKILL of the $victim when $point leaves nothing behind in the end',
    async ({ victim, point }) => {
      const start = async (attempt: number) => {
        const slug = `gone-${victim}${attempt > 0 ? `-${attempt}` : ''}`;
        const { tenant } = await subscribe(tenantry, 'gone@example.com', { ...purchase, slug });
        await tenantry.stripeClient.subscriptions.cancel(tenant.subscription?.id ?? '');
        await untilTenantIs(tenantry, tenant.id, ({ phase }) => phase === 'deleting' || phase === 'deleted', {
          intervalMs: 2,
        });
        return tenant;
      };
      const { id } = await killAt(victim, point, start, 'deleted');
      const tenant = await show(id);
      expect(await remainsOf(tenantry, tenant)).toEqual([]);
    },
    240_000,
  );

  test('a creation that was killed and never taken up again is deleted whole', async () => {
    const { checkoutId } = await pay(tenantry, 'never@example.com', { ...purchase, slug: 'never-was' });
    const begun = await untilTenant(tenantry, `checkout=${checkoutId}`, () => true, { intervalMs: 2 });
    await until(async () => points['the namespace was created']?.(begun), { intervalMs: 2 });
    await victims.runner?.(begun.id);
    // Cancelled before anybody tries again: the engine's state knows nothing of the namespace.
    await tenantry.stripeClient.subscriptions.cancel(begun.subscription?.id ?? '');
    await untilTenantIs(tenantry, begun.id, isSettled('deleted'));
    expect(await remainsOf(tenantry, begun)).toEqual([]);
  });
});

test('a lease holder that was stopped and wakes late writes nothing', async () => {
  const { checkoutId } = await pay(tenantry, 'sleepy@example.com', { ...purchase, slug: 'sleepy' });
  const begun = await untilTenant(tenantry, `checkout=${checkoutId}`, () => true, { intervalMs: 2 });
  const lease = await until(async () => {
    const found = await leaseOf(begun.id);
    return found?.group ? found : null;
  });
  const sleeper = holderOf(lease);
  const runnerGroup = lease.group ?? -1;
  signal(sleeper.process.pid ?? -1, 'SIGSTOP');
  signal(-runnerGroup, 'SIGSTOP');
  await tenantry.startWorker();

  const settled = await untilTenantIs(tenantry, begun.id, isSettled('active'));
  expect(isRunning(runnerGroup)).toBe(false);
  const before = await everythingWritten(begun.id);
  signal(sleeper.process.pid ?? -1, 'SIGCONT');
  await until(() => readFileSync(join(tenantry.home, 'programs.log'), 'utf8').includes('lost the lease'), {
    what: 'the sleeper noticing that its lease is lost',
  });
  expect(await everythingWritten(begun.id)).toEqual(before);
  expect(await endState({ ...settled, slug: begun.slug })).toEqual(undisturbed);
});

async function everythingWritten(tenantId: string): Promise<unknown> {
  const { rows } = await tenantry.database.query(
    'select phase, observed_generation, unsettled, attempts, outputs, cause from tenantry.tenant where id = $1',
    [tenantId],
  );
  const { entries } = (await tenantry.request('GET', `/v1/tenants/${tenantId}/timeline`)).body as {
    entries: EntryView[];
  };
  return { row: rows[0], entries };
}
