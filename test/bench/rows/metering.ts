/** Whether a month of samples of 10,000 tenants fits, and how fast it is written, rolled up and read. */
import { startPostgres } from '../../../automation/local/postgres.ts';
import { monthTakes, prices, termsOf } from '../../../automation/metering/dimensions.ts';
import { type NamespaceUse, observe } from '../../../automation/metering/observe.ts';
import { rollUpHours } from '../../../automation/metering/roll-up.ts';
import { sampleCell } from '../../../automation/metering/sample.ts';
import { makeStatement } from '../../../automation/metering/statement.ts';
import { dayMs, dayOf, hourMs, monthNamed, slotMs, startOfDay } from '../../../automation/metering/time.ts';
import { ensureUsagePartitions, rollUpDay, rollUpHour } from '../../../automation/metering/usage-roll-up.ts';
import {
  listHours,
  listPlanDays,
  listSamples,
  listTopConsumers,
  listTotals,
  readUsed,
} from '../../../automation/metering/usage-statement.ts';
import type { ApiRequest, JsonObject } from '../../../automation/providers/kubernetes/client.ts';
import { ensureCell } from '../../../automation/store/cells.ts';
import { type Database, onlyRow, openDatabase } from '../../../automation/store/database.ts';
import { migrate } from '../../../automation/store/migrate.ts';
import { firstPage } from '../../../automation/store/pages.ts';
import type { Bench, Measurement, Row } from '../row.ts';
import { duration, type Summary, summarize } from '../samples.ts';

const month = monthNamed('2026-11');
const first = startOfDay(month.firstDay);
/** Connections that fill the month. */
const fillers = 2;
const targets = { bytes: 5e9, roundMs: 10_000, samplesMs: 250, statementMs: 50, fleetMs: 5_000 };

export const metering: Row = {
  name: 'metering',
  async run(bench) {
    const tenants = bench.quick ? 500 : 10_000;
    const days = bench.quick ? 2 : month.days;
    const database = await emptyDatabase(bench);
    await addTenants(database, tenants);
    await ensureUsagePartitions(database, first, new Date(first.getTime() + (month.days + 2) * dayMs));

    const filledMs = await fill(bench, database, tenants, days);
    const size = await sizes(database);
    const samples = await count(
      database,
      'select sum(cardinality(cpu_millis)) as count from tenantry.usage_sample',
    );
    const live = await rounds(database, tenants, bench.quick ? 12 : 48);
    const read = await reads(database, tenants, days, bench.quick ? 5 : 50);
    const look = await looks(tenants);

    const rawBytes = size.usage_sample ?? 0;
    const totalBytes = Object.values(size).reduce((sum, bytes) => sum + bytes, 0);
    const who = `${tenants.toLocaleString('en-US')} tenants`;
    const common = { peer: '-', samples: {} };
    const measurements: Omit<Measurement, 'load'>[] = [
      {
        ...common,
        figure: `${days} days of samples of ${who}`,
        measured: `${gigabytes(totalBytes)} in all, ${gigabytes(rawBytes)} of it samples`,
        target: gigabytes(targets.bytes),
        met: totalBytes <= targets.bytes,
        notes: [
          `${samples.toLocaleString('en-US')} samples of processors, memory and storage, one every five minutes, each with a figure of its own, made by generate_series and rolled up by the product's own statements in ${duration(filledMs)}; sizes with every index, of ${Object.entries(
            size,
          )
            .map(([table, bytes]) => `${table} ${gigabytes(bytes)}`)
            .join(', ')}.`,
        ],
        values: { samples, bytes: totalBytes, bytes_per_sample: rawBytes / samples, filled_ms: filledMs },
      },
      {
        ...common,
        figure: `one sample of ${who} written`,
        measured: `p50 ${duration(live.round.p50)}, max ${duration(live.round.max)}`,
        target: duration(targets.roundMs),
        met: live.round.max <= targets.roundMs,
        notes: [
          `In one transaction, durably: samples, plans of the day, two consumers of each tenant, on top of the month; ${live.round.count} of them. The cluster's lists are not in it: reading 10,000 pods and volumes of them takes ${duration(look)} of this process. The hours that they wrote have ${gigabytes(live.bytes)}, and would have ${gigabytes(live.bytesPacked)} if they were written at once, as the month above was.`,
        ],
        samples: { round_ms: live.round },
        values: { look_ms: look, hour_bytes: live.bytes, hour_bytes_packed: live.bytesPacked },
      },
      {
        ...common,
        figure: `an hour of ${who} rolled up`,
        measured: `p50 ${duration(live.rollUp.p50)}, max ${duration(live.rollUp.max)}`,
        target: duration(targets.roundMs),
        met: live.rollUp.max <= targets.roundMs,
        notes: ['The hour, its day anew, what each tenant is charged so far, and who is near a limit.'],
        samples: { roll_up_ms: live.rollUp },
      },
      reading("a tenant's month by samples of five minutes", read.samples, targets.samplesMs),
      reading("a tenant's month by hours", read.hours, targets.statementMs),
      reading("a tenant's statement of a month", read.statement, targets.statementMs),
      reading(`what the month of ${who} costs, the 20 largest`, read.fleet, targets.fleetMs),
    ];
    return measurements;
  },
};

function reading(figure: string, taken: Summary, targetMs: number): Omit<Measurement, 'load'> {
  return {
    figure,
    measured: `p50 ${duration(taken.p50)}, p99 ${duration(taken.p99)}`,
    target: duration(targetMs),
    peer: '-',
    met: taken.p99 <= targetMs,
    notes: [`${taken.count} times, of tenants at random, with 128 MB of PostgreSQL's own memory.`],
    samples: { read_ms: taken },
  };
}

function gigabytes(bytes: number): string {
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

async function emptyDatabase({ folder, onEnd }: Bench): Promise<Database> {
  const postgres = await startPostgres({ dataDir: await folder('postgres') });
  onEnd(postgres.stop);
  await migrate(postgres.url);
  const database = openDatabase(postgres.url, { maxConnections: fillers + 2, name: 'tenantry-bench' });
  onEnd(database.close);
  await ensureCell(database, { id: 'local', region: 'local' });
  return database;
}

const tenantId = (n: number) => `t${String(n).padStart(7, '0')}`;

/** Tenants of Stream, which has the most dimensions, that all pay. */
async function addTenants(database: Database, tenants: number): Promise<void> {
  await database.query(
    `insert into tenantry.subscription (id, status, customer_id, product, plan, seats, current_period_end)
     select 'sub_' || n, 'active', 'cus_' || n, 'stream', 'business', 1 + n % 20, '2026-12-15'
     from generate_series(1, $1::int) n`,
    [tenants],
  );
  await database.query(
    `insert into tenantry.tenant (id, cell, product, subscription_id, slug, namespace, created_at, desired_state,
       desired_spec, phase)
     select 't' || lpad(n::text, 7, '0'), 'local', 'stream', 'sub_' || n, 'desk-' || n, 'tenant-desk-' || n, '2026-10-01',
       'active', '{"plan": "business", "seats": 1}', 'active' from generate_series(1, $1::int) n`,
    [tenants],
  );
}

/** Fills the month, day by day: its samples, then hours and days as the worker makes them. */
async function fill({ say }: Bench, database: Database, tenants: number, days: number): Promise<number> {
  const begun = performance.now();
  const queue = Array.from({ length: days }, (_, n) => new Date(first.getTime() + n * dayMs));
  const values = (each: string) => Array.from({ length: 12 }, () => each).join(', ');
  const filler = async () => {
    for (let day = queue.shift(); day; day = queue.shift()) {
      await database.query(
        `insert into tenantry.usage_sample (tenant_id, hour, cpu_millis, memory_kb, storage_mb)
         select 't' || lpad(n::text, 7, '0'), hour,
           array[${values('(n % 4000 + 1000 * random())::int')}],
           array[${values('(1000 * (n % 8000) + 4000000 * random())::int')}],
           array_fill((n % 500) * 1000 + extract(day from hour)::int, array[12])
         from generate_series($2::timestamptz, $2::timestamptz + interval '23 hours', interval '1 hour') hour,
           generate_series(1, $1::int) n`,
        [tenants, day],
      );
      for (let hour = 0; hour < 24; hour += 1)
        await rollUpHour(database, new Date(day.getTime() + hour * hourMs));
      await database.query(
        `insert into tenantry.usage_plan_day (tenant_id, day, product, plan, seats, status)
         select 't' || lpad(n::text, 7, '0'), $2::date, 'stream', 'business', 1 + n % 20, 'active'
         from generate_series(1, $1::int) n`,
        [tenants, dayOf(day)],
      );
      await database.query(
        `insert into tenantry.usage_consumer_day (tenant_id, day, consumer, cpu_milli_seconds, memory_kb_seconds)
         select 't' || lpad(n::text, 7, '0'), $2::date, 'user-' || user_number, 1000000 * random(), 1000000000 * random()
         from generate_series(1, $1::int) n, generate_series(1, 2) user_number`,
        [tenants, dayOf(day)],
      );
      await rollUpDay(database, dayOf(day), termsOf(month));
      say(`${dayOf(day)} is filled after ${duration(performance.now() - begun)}`);
    }
  };
  await Promise.all(Array.from({ length: fillers }, filler));
  const filledMs = performance.now() - begun;
  // As the server does by itself in a quiet minute.
  for (const table of ['sample', 'hour', 'day', 'plan_day', 'consumer_day'])
    await database.query(`vacuum (analyze) tenantry.usage_${table}`);
  return filledMs;
}

/** Bytes of each table of metering with its indexes. */
async function sizes(database: Database): Promise<Record<string, number>> {
  const { rows } = await database.query<{ name: string; bytes: number }>(
    `select parent.relname as name, sum(pg_total_relation_size(i.inhrelid))::bigint as bytes
     from pg_inherits i join pg_class parent on parent.oid = i.inhparent
     where parent.relname like 'usage\\_%' and parent.relkind = 'p' group by 1 order by 2 desc`,
  );
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]));
}

async function count(database: Database, sql: string): Promise<number> {
  return Number(onlyRow(await database.query<{ count: number }>(sql)).count);
}

/** Samples the day after the month as the worker does, hour after hour, and rolls each hour up. */
async function rounds(database: Database, tenants: number, times: number) {
  const begin = first.getTime() + month.days * dayMs;
  const partition = `tenantry.usage_sample_${dayOf(new Date(begin)).replaceAll('-', '')}`;
  const taken: number[] = [];
  const rolledUp: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const seen = { source: 'metrics' as const, pods: 2 * tenants, namespaces: whatAllUse(tenants) };
    const begun = performance.now();
    const outcome = await sampleCell(
      { database, now: () => new Date(begin + n * slotMs), observe: async () => seen },
      'local',
    );
    taken.push(performance.now() - begun);
    if (outcome !== 'sampled') throw new Error(`the sample was ${outcome}`);
    // As the server does by itself within the five minutes until the next.
    await database.query(`vacuum ${partition}`);
    const end = begin + (n + 1) * slotMs;
    if (end % hourMs !== 0) continue;
    const hourEnded = performance.now();
    if ((await rollUpHours(database, new Date(end))) !== 1) throw new Error('no hour was rolled up');
    rolledUp.push(performance.now() - hourEnded);
  }
  const size = () => count(database, `select pg_total_relation_size('${partition}') as count`);
  const bytes = await size();
  await database.query(`vacuum full ${partition}`);
  return { round: summarize(taken), rollUp: summarize(rolledUp), bytes, bytesPacked: await size() };
}

/** What a look finds: two consumers in the namespace of each tenant. */
function whatAllUse(tenants: number): ReadonlyMap<string, NamespaceUse> {
  return new Map(
    Array.from({ length: tenants }, (_, n) => {
      const cpuMillis = 4000 * Math.random();
      const memoryBytes = 8e9 * Math.random();
      const half = { cpuMillis: cpuMillis / 2, memoryBytes: memoryBytes / 2 };
      const consumers = new Map([
        ['user-1', half],
        ['user-2', half],
      ]);
      return [`tenant-desk-${n + 1}`, { cpuMillis, memoryBytes, storageBytes: 50e9, consumers }];
    }),
  );
}

/** Reads of tenants at random. */
async function reads(database: Database, tenants: number, days: number, times: number) {
  const until = startOfDay(month.nextFirstDay);
  const timed = async (runs: number, read: (tenant: string) => Promise<unknown>) => {
    const taken: number[] = [];
    for (let n = 0; n < runs; n += 1) {
      const tenant = tenantId(1 + Math.floor(Math.random() * tenants));
      const begun = performance.now();
      await read(tenant);
      taken.push(performance.now() - begun);
    }
    return summarize(taken);
  };
  const expected = days * 24;
  return {
    samples: await timed(times, async (tenant) => {
      const rows = await listSamples(database, tenant, first, until);
      if (rows.length !== expected * 12) throw new Error(`${rows.length} samples were read`);
    }),
    hours: await timed(times, async (tenant) => {
      const rows = await listHours(database, tenant, first, until);
      if (rows.length !== expected) throw new Error(`${rows.length} hours were read`);
    }),
    statement: await timed(times, async (tenant) => {
      const made = makeStatement(
        month,
        await listPlanDays(database, [tenant], month),
        await readUsed(database, tenant, month, monthTakes()),
      );
      await listTopConsumers(database, tenant, month, 10);
      if (made.computeCents === 0) throw new Error('the statement is empty');
    }),
    fleet: await timed(Math.ceil(times / 10), async () => {
      const sections = [...prices()].map(([dimension, price]) => ({ dimension, price, section: 'compute' }));
      const rows = await listTotals(database, month, sections, {}, firstPage(20, 'usage'));
      if (rows.length !== 20) throw new Error(`${rows.length} tenants were read`);
    }),
  };
}

/** How long this process is busy with the lists of a cluster with a pod and a volume for each tenant. */
async function looks(tenants: number): Promise<number> {
  const page = (item: (n: number) => JsonObject) =>
    JSON.stringify({ metadata: {}, items: Array.from({ length: 500 }, (_, n) => item(n)) });
  const labels = { 'tenantry.dev/tenant': 't0000001', 'app.kubernetes.io/name': 'stream' };
  const pods = page((n) => ({
    metadata: { name: `pod-${n}`, namespace: `tenant-desk-${n}`, labels },
    containers: [{ name: 'main', usage: { cpu: '123456789n', memory: '123456Ki' } }],
  }));
  const claims = page((n) => ({
    metadata: { name: 'home', namespace: `tenant-desk-${n}`, labels },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '50Gi' } } },
    status: { phase: 'Bound', capacity: { storage: '50Gi' } },
  }));
  const pages = Math.ceil(tenants / 500);
  const cluster = {
    async send({ path, query = {} }: ApiRequest): Promise<JsonObject> {
      const next = Number(query.continue ?? 0) + 1;
      const answer = JSON.parse(path.endsWith('claims') ? claims : pods);
      answer.metadata.continue = next < pages ? String(next) : '';
      return answer;
    },
  };
  const begun = performance.now();
  const seen = await observe(cluster);
  if (seen.pods !== pages * 500) throw new Error(`${seen.pods} pods were seen`);
  return performance.now() - begun;
}
