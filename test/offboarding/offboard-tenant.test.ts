/** The end of a tenant, killed at every write: real PostgreSQL, files in a folder, no engine and no cluster. */
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKey } from '../../automation/keys/index.ts';
import { addConsumers } from '../../automation/metering/usage.ts';
import { ensureUsagePartitions } from '../../automation/metering/usage-roll-up.ts';
import { insertEndpoint } from '../../automation/notify/index.ts';
import { exportOnRequest, removeExpiredExports } from '../../automation/offboarding/export-on-request.ts';
import { findExport, requestExport } from '../../automation/offboarding/exports.ts';
import { openFileStore } from '../../automation/offboarding/file-store.ts';
import {
  findOffboarding,
  listOpenOffboardings,
  mayDestroy,
  retryOffboarding,
} from '../../automation/offboarding/journal.ts';
import { type OffboardingSteps, offboardTenant } from '../../automation/offboarding/offboard-tenant.ts';
import { areas, type ReceiptBody, verifyReceipt } from '../../automation/offboarding/receipt.ts';
import { findReceipt } from '../../automation/offboarding/receipts.ts';
import { signingKeyOf } from '../../automation/offboarding/signing-key.ts';
import { erasePersonalData, exportBeforeEnd } from '../../automation/offboarding/steps.ts';
import type { PersonalData } from '../../automation/service.ts';
import type { Database } from '../../automation/store/database.ts';
import { findTenant, type Tenant } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

const key = signingKeyOf(
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
);
const keys = [{ id: key.id, key: createPublicKey(key.privateKey) }];

let control: ControlDatabase;
let database: Database;
let folder: string;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 8 });
  database = control.database;
  const day = new Date('2026-11-21');
  await ensureUsagePartitions(database, day, day);
  await database.query('create table sender (tenant_id text not null, address text not null)');
});
afterAll(() => control?.drop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offboarding-'));
  return () => rm(folder, { recursive: true, force: true });
});

/** What the tenants' product keeps about their people in the control plane's database. */
const personalData: ReadonlyMap<string, PersonalData> = new Map([
  [
    'inbox',
    {
      async *export(db, { id }) {
        yield* (await db.query('select address from sender where tenant_id = $1', [id])).rows;
      },
      erase: async (db, { id }) => void (await db.query('delete from sender where tenant_id = $1', [id])),
    },
  ],
]);

/** A worker dies here: nothing that it does afterwards reaches the database. */
class Killed extends Error {}

/** The database of a worker that is killed at its statement number `at`; before it, or right after. */
function dyingDatabase(at: number, when: 'before' | 'after') {
  let statements = 0;
  const dying = <Args extends unknown[], Result>(run: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      statements += 1;
      if (statements > at || (statements === at && when === 'before')) throw new Killed();
      const result = await run(...args);
      if (statements >= at) throw new Killed();
      return result;
    };
  };
  const doomed = {
    ...database,
    query: dying(database.query as never),
    // A transaction is one write: killed in the middle of it, it is as if it had not begun.
    transaction: dying(database.transaction as never),
  } as unknown as Database;
  return { doomed, statements: () => statements };
}

interface Ending {
  readonly tenant: Tenant;
  readonly destroyed: { times: number; exported: boolean };
}

/** Rows that the tenant keeps in its own schema, which is what the export is about. */
async function endingTenant(set: Readonly<Record<string, unknown>> = {}, rows = 10): Promise<Ending> {
  const tenant = await addTenant(database, { product: 'inbox', plan: 'starter' });
  const schema = `tenant_${tenant.id}`;
  await database.query(`create schema ${schema}`);
  await database.query(
    `create table ${schema}.mail (id bigint primary key, subject text, size numeric, at timestamptz, raw bytea, extra json)`,
  );
  await database.query(
    `insert into ${schema}.mail select n, 'über ' || n, 12345678901234567890.5, '2026-01-01', '\\xff', E'{\\n"a": 1}'
     from generate_series(9007199254740993, 9007199254740992 + $1::bigint) n`,
    [rows],
  );
  const columns = {
    phase: 'suspended',
    observed_state: 'suspended',
    observed_generation: 1,
    active_at: new Date(),
    outputs: {
      namespace: tenant.namespace,
      serviceUrl: null,
      database: { name: null, schema, role: schema, secretName: 'database' },
      objects: [],
    },
    desired_state: 'deleted',
    ...set,
  };
  for (const [column, value] of Object.entries(columns)) {
    const json = value !== null && typeof value === 'object' && !(value instanceof Date);
    await database.query(`update tenantry.tenant set ${column} = $2 where id = $1`, [
      tenant.id,
      json ? JSON.stringify(value) : value,
    ]);
  }
  await database.query(
    `insert into sender values ($1, 'grace@example.com'), ('stranger', 'eve@example.com')`,
    [tenant.id],
  );
  await addConsumers(database, '2026-11-21', [
    { tenantId: tenant.id, consumer: 'grace-laptop', cpuMilliSeconds: 1, memoryKbSeconds: 1 },
  ]);
  const found = await findTenant(database, tenant.id);
  if (!found) throw new Error('the tenant is not there');
  return { tenant: found, destroyed: { times: 0, exported: false } };
}

/** One visit of a worker, which may be killed, and then of the ordinary job, which destroys when it may. */
async function visit(ending: Ending, worker: Database, steps: Partial<OffboardingSteps> = {}): Promise<void> {
  const { tenant, destroyed } = ending;
  await retryOffboarding(database, tenant.id);
  const files = await openFileStore(pathToFileURL(folder).href);
  const exports = {
    database: worker,
    servers: { shared: control.url, own: {} },
    personalData,
    files,
    exportDays: 30,
    now: () => new Date(),
  };
  try {
    await offboardTenant(
      {
        database: worker,
        cell: { id: 'local', region: 'local' },
        policy: { leaseTtlMs: 60_000, retryBaseMs: 60_000 },
        log: pino({ level: 'silent' }),
        workerId: 'test',
        now: () => new Date(),
        key,
        steps: {
          exportData: (of) => exportBeforeEnd(exports, of),
          backUp: async () => ({ made: false, why: 'the tenant has no volumes' }),
          erase: (of) => erasePersonalData(worker, personalData, of),
          look: async () => ({ looked: ['everything'], places: 1, remains: [], notes: [], customers: [] }),
          ...steps,
        },
      },
      tenant.id,
    );
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    // Its turn runs out.
    await database.query('delete from tenantry.turn where name = $1', [`offboard:${tenant.id}`]);
  }
  const may = await mayDestroy(database, tenant, async () => {});
  const { rows } = await database.query<{ phase: string }>(
    'select phase from tenantry.tenant where id = $1',
    [tenant.id],
  );
  if (may && rows[0]?.phase !== 'deleted') {
    destroyed.times += 1;
    destroyed.exported = (await filesIn(tenant.id)).length === 1;
    await database.query(`drop schema tenant_${tenant.id} cascade`);
    await database.query(
      `update tenantry.tenant set phase = 'deleted', observed_state = 'deleted', outputs = null where id = $1`,
      [tenant.id],
    );
  }
}

function filesIn(tenantId: string): Promise<string[]> {
  return readdir(join(folder, tenantId)).catch(() => []);
}

async function receiptOf(tenantId: string): Promise<ReceiptBody | null> {
  const kept = await findReceipt(database, tenantId);
  return kept && verifyReceipt(JSON.stringify(kept.document), keys);
}

async function untilOver(ending: Ending, steps: Partial<OffboardingSteps> = {}, most = 4): Promise<void> {
  for (let visits = 0; visits < most; visits += 1) {
    if ((await findOffboarding(database, ending.tenant.id))?.finishedAt) return;
    await visit(ending, database, steps);
  }
}

/** The result of every end, whoever was killed on the way. */
async function expectWholeEnd({ tenant, destroyed }: Ending): Promise<void> {
  expect(destroyed).toEqual({ times: 1, exported: true });
  const receipt = await receiptOf(tenant.id);
  expect(receipt?.tenant.id).toBe(tenant.id);
  expect(receipt?.steps.map(({ step }) => step)).toEqual(['export', 'backup', 'destroy', 'verify']);
  expect(receipt?.checks.map(({ area }) => area)).toEqual(areas);
  const written = receipt?.export;
  if (!written?.made) throw new Error('nothing was exported');
  expect(written).toMatchObject({ tables: 1, rows: 10 });
  const [file, ...more] = await filesIn(tenant.id);
  expect(more).toEqual([]);
  const bytes = await readFile(join(folder, tenant.id, file ?? ''));
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(written.sha256);
  const journal = await findOffboarding(database, tenant.id);
  expect(journal?.steps.every(({ finishedAt }) => finishedAt !== null)).toBe(true);
  expect(journal).toMatchObject({ problem: null, finishedAt: expect.any(Date) });
  const consumers = 'select 1 from tenantry.usage_consumer_day where tenant_id = $1';
  expect((await database.query(consumers, [tenant.id])).rowCount).toBe(0);
  const senders = 'select from sender where tenant_id = $1';
  expect((await database.query(senders, [tenant.id])).rowCount).toBe(0);
  expect((await database.query(senders, ['stranger'])).rowCount).toBeGreaterThan(0);
}

/** Some at once: most of the time passes in PostgreSQL. */
async function sideBySide<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  const next = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: 4 }, next));
}

describe('a worker is killed', () => {
  test('at any statement, before it or after: the next one ends what it began, once', async () => {
    // Number of statements of an undisturbed visit.
    const calm = await endingTenant();
    const { doomed, statements } = dyingDatabase(Number.POSITIVE_INFINITY, 'before');
    await visit(calm, doomed);
    const first = statements();
    await untilOver(calm);
    await expectWholeEnd(calm);
    expect(first).toBeGreaterThan(10);

    const kills = Array.from({ length: first }, (_, n) => n + 1).flatMap((at) =>
      (['before', 'after'] as const).map((when) => ({ at, when })),
    );
    await sideBySide(kills, async ({ at, when }) => {
      const ending = await endingTenant();
      await visit(ending, dyingDatabase(at, when).doomed);
      await untilOver(ending);
      await expectWholeEnd(ending);
    });
  }, 120_000);

  test('while it verifies and signs: there is one receipt', async () => {
    const calm = await endingTenant();
    await visit(calm, database);
    const { doomed, statements } = dyingDatabase(Number.POSITIVE_INFINITY, 'before');
    await visit(calm, doomed);
    expect(await receiptOf(calm.tenant.id)).not.toBeNull();

    const kills = Array.from({ length: statements() }, (_, n) => n + 1);
    await sideBySide(kills, async (at) => {
      const ending = await endingTenant();
      await visit(ending, database);
      await visit(ending, dyingDatabase(at, 'after').doomed);
      await untilOver(ending);
      await expectWholeEnd(ending);
    });
  }, 120_000);
});

test('nothing is destroyed while the export fails; the customer reads that it waits, the operator why', async () => {
  const ending = await endingTenant();
  await visit(ending, database, { exportData: () => Promise.reject(new Error('the disk is full')) });
  const journal = await findOffboarding(database, ending.tenant.id);
  expect(ending.destroyed.times).toBe(0);
  expect(journal).toMatchObject({
    attempts: 1,
    cause: 'the disk is full',
    problem: expect.stringMatching(/nothing is deleted before/),
  });
  await retryOffboarding(database, ending.tenant.id);
  expect(
    (await listOpenOffboardings(database, { cell: 'local', now: new Date(), limit: 1000 })).map(
      ({ id }) => id,
    ),
  ).toContain(ending.tenant.id);
  await untilOver(ending);
  await expectWholeEnd(ending);
});

test('there is no receipt while anything is left; it comes when that is gone', async () => {
  const ending = await endingTenant();
  const left = {
    look: async (area: string) => ({
      looked: ['everything'],
      places: 1,
      remains: area === 'stripe' ? ['invoice in_1 is open'] : [],
      notes: [],
    }),
  };
  await untilOver(ending, left);
  expect(await receiptOf(ending.tenant.id)).toBeNull();
  expect((await findOffboarding(database, ending.tenant.id))?.cause).toBe(
    'still there: stripe: invoice in_1 is open',
  );
  await untilOver(ending);
  await expectWholeEnd(ending);
});

test('a worker that was stopped in the middle of an export and wakes late changes nothing', async () => {
  const ending = await endingTenant();
  await visit(ending, database, {
    exportData: async (tenant) => {
      // Meanwhile its turn ran out, and another worker continued.
      await database.query('delete from tenantry.turn');
      await untilOver(ending);
      return { made: false, why: `a late word about ${tenant.id}` };
    },
  });
  await expectWholeEnd(ending);
});

test.each([
  ['a slot', { owner: null, slot: true }, /slot/],
  [
    'a tenant that never came up',
    { outputs: null, active_at: null, observed_state: null, phase: 'failed' },
    /never active/,
  ],
  [
    'a tenant deleted before there were journals',
    { phase: 'deleted', observed_state: 'deleted', outputs: null },
    /before exports were made/,
  ],
])('%s gets its receipt, with nothing exported', async (_what, set, why) => {
  const ending = await endingTenant(set);
  await untilOver(ending);
  expect((await receiptOf(ending.tenant.id))?.export).toEqual({
    made: false,
    why: expect.stringMatching(why),
  });
  expect(await readdir(folder)).toEqual([]);
});

test('an export has every row as PostgreSQL has it, and says at its end how much there was', async () => {
  const ending = await endingTenant({}, 1000);
  await visit(ending, database);
  const [file = ''] = await filesIn(ending.tenant.id);
  const text = gunzipSync(await readFile(join(folder, ending.tenant.id, file))).toString();
  const lines = text.trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as { record: string });
  expect(records[0]).toMatchObject({ record: 'export', tenant: { id: ending.tenant.id, owner: 'somebody' } });
  expect(records.at(-1)).toEqual({ record: 'end', tables: 1, rows: 1000 });
  expect(records.filter(({ record }) => record === 'service')).toEqual([
    { record: 'service', product: 'inbox', address: 'grace@example.com' },
  ]);
  expect(records.find(({ record }) => record === 'table')).toMatchObject({
    name: 'mail',
    columns: expect.arrayContaining([expect.objectContaining({ name: 'size', type: 'numeric' })]),
    constraints: [expect.objectContaining({ definition: 'PRIMARY KEY (id)' })],
  });
  // PostgreSQL's own means restore the rows, with all their digits.
  await database.query(`create schema back_${ending.tenant.id}`);
  const back = `back_${ending.tenant.id}.mail`;
  await database.query(
    `create table ${back} (id bigint primary key, subject text, size numeric, at timestamptz, raw bytea, extra json)`,
  );
  const { rows } = await database.query<{
    sum: string;
    size: string;
    raw: Buffer;
    subject: string;
    extra: unknown;
  }>(
    `with rows as (insert into ${back}
       select (json_populate_record(null::${back}, line -> 'values')).* from unnest($1::json[]) line returning *)
     select sum(id)::text as sum, min(size)::text as size, min(raw) as raw, min(subject) as subject,
       (array_agg(extra))[1] as extra from rows`,
    [lines.filter((line) => line.startsWith('{"record":"row"'))],
  );
  expect(rows[0]).toMatchObject({
    sum: Array.from({ length: 1000 }, (_, n) => 9007199254740993n + BigInt(n))
      .reduce((a, b) => a + b)
      .toString(),
    size: '12345678901234567890.5',
    subject: 'über 9007199254740993',
    extra: { a: 1 },
  });
  expect(rows[0]?.raw).toEqual(Buffer.from([0xff]));
});

test('an export has the tenant’s webhook endpoints, keys and reservations, and none of their secrets', async () => {
  const ending = await endingTenant();
  const { id: tenantId } = ending.tenant;
  const secrets = await database.transaction(async (client) => {
    const endpoint = await insertEndpoint(client, {
      url: 'https://acme.example.com/hook',
      description: 'Our own',
      scope: { kind: 'tenant', tenantId },
      events: ['tenant.deleted'],
      email: 'ops@acme.example.com',
    });
    const { key: made, text } = await createKey(client, {
      name: 'CI',
      owner: { kind: 'tenant', tenantId },
      scopes: ['usage:write'],
      expiresAt: null,
      createdBy: 'ada',
    });
    return { endpoint, made, hidden: [endpoint?.secret ?? '', text, text.split('_').at(-1) ?? ''] };
  });
  await database.query(
    `insert into tenantry.reservation (id, tenant_id, key, request, micro_units, meter, estimated_cost_micros,
       created_at, expires_at, outcome, settled_micro_units, closed_at)
     values ('res_1', $1, 'mail-7', '{}', 2500000, 'inbox_emails', 0, now(), now(), 'settled', 1500000, now())`,
    [tenantId],
  );
  await visit(ending, database);
  const [file = ''] = await filesIn(tenantId);
  const text = gunzipSync(await readFile(join(folder, tenantId, file))).toString();
  const records = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { record: string });
  const time = expect.stringMatching(/^20.*Z$/);
  expect(records.filter(({ record }) => ['webhook', 'key', 'reservation'].includes(record))).toEqual([
    {
      record: 'webhook',
      id: secrets.endpoint?.endpoint.id,
      url: 'https://acme.example.com/hook',
      description: 'Our own',
      events: ['tenant.deleted'],
      email: 'ops@acme.example.com',
      state: 'enabled',
      createdAt: time,
    },
    {
      record: 'key',
      prefix: `tk_${secrets.made.id}`,
      name: 'CI',
      scopes: ['usage:write'],
      createdAt: time,
      expiresAt: null,
      lastUsedAt: null,
    },
    {
      record: 'reservation',
      id: 'res_1',
      key: 'mail-7',
      meter: 'inbox_emails',
      credits: null,
      costMicros: null,
      estimatedCostMicros: 0,
      createdAt: time,
      expiresAt: time,
      state: 'settled',
      settledCostMicros: null,
      amount: '2.5',
      settledAmount: '1.5',
    },
  ]);
  for (const secret of secrets.hidden) expect(text).not.toContain(secret);
});

test('an export on request is tried again after a failure, and its file goes when its time is over', async () => {
  const { tenant } = await endingTenant({ desired_state: 'suspended' });
  const { id } = await requestExport(database, tenant, 'ada');
  let now = new Date();
  const files = await openFileStore(pathToFileURL(folder).href);
  const context = (shared: string) => ({
    database,
    servers: { shared, own: {} },
    personalData,
    files,
    exportDays: 30,
    now: () => now,
    policy: { leaseTtlMs: 60_000, retryBaseMs: 60_000, retryMaxMs: 600_000 },
    log: pino({ level: 'silent' }),
    workerId: 'test',
  });
  const away = new URL(control.url);
  away.port = '9';
  await exportOnRequest(context(away.href), id);
  expect(await findExport(database, id)).toMatchObject({
    finishedAt: null,
    attempts: 1,
    cause: expect.stringMatching(/ECONNREFUSED/),
  });
  await exportOnRequest(context(control.url), id);
  const made = await findExport(database, id);
  expect(made).toMatchObject({ finishedAt: expect.any(Date), rows: 10, cause: null });
  expect(await filesIn(tenant.id)).toEqual([made?.file?.split('/')[1]]);
  // Asked for again, it is another one.
  expect((await requestExport(database, tenant, 'ada')).id).not.toBe(id);

  await removeExpiredExports(context(control.url), 'local', 10);
  expect(await filesIn(tenant.id)).toHaveLength(1);
  now = new Date(now.getTime() + 31 * 24 * 3_600_000);
  await removeExpiredExports(context(control.url), 'local', 100);
  expect(await filesIn(tenant.id)).toEqual([]);
  expect((await findExport(database, id))?.removedAt).toBeInstanceOf(Date);
});
