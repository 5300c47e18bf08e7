import type { Queryable } from '../store/database.ts';
import { tellLimits } from './tell-limits.ts';
import { dayOf, hourOf, monthNamed, placeOf, slotsPerHour } from './time.ts';

/** Samples as they come in, and usage that is not yet reported to Stripe. */

export interface MeteredTenant {
  readonly id: string;
  readonly namespace: string;
}

/** Lists a cell's tenants, without slots and deleted ones. */
export async function listMeteredTenants(db: Queryable, cell: string): Promise<MeteredTenant[]> {
  const { rows } = await db.query<MeteredTenant>(
    `select id, namespace from tenantry.tenant where cell = $1 and not slot and phase <> 'deleted' order by id`,
    [cell],
  );
  return rows;
}

export interface UsageRound {
  readonly cell: string;
  readonly slot: Date;
  readonly source: 'metrics' | 'requests';
  readonly tenants: number;
  readonly pods: number;
  readonly tookMs: number;
}

export async function isSampled(db: Queryable, cell: string, slot: Date): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from tenantry.usage_round where cell = $1 and slot = $2', [
    cell,
    slot,
  ]);
  return rowCount === 1;
}

/**
 * Records that a cell was sampled.
 * @returns null when this slot had been sampled; otherwise the cell's previous slot, itself null where there is none
 */
export async function insertRound(
  db: Queryable,
  round: UsageRound,
): Promise<{ readonly previousSlot: Date | null } | null> {
  const { rows } = await db.query<{ previous: Date | null }>(
    `insert into tenantry.usage_round (cell, slot, source, tenants, pods, took_ms) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing
     returning (select max(slot) from tenantry.usage_round where cell = $1 and slot < $2) as previous`,
    [round.cell, round.slot, round.source, round.tenants, round.pods, Math.round(round.tookMs)],
  );
  return rows[0] ? { previousSlot: rows[0].previous } : null;
}

export interface Sample {
  readonly tenantId: string;
  readonly cpuMillis: number;
  readonly memoryKb: number;
  readonly storageMb: number;
}

/** Largest value of a sample: what PostgreSQL's `int` holds, 2.1 million processors or 2.1 TB of memory. */
export const maxSample = 2_147_483_647;

/**
 * Writes samples of a slot. The greatest of a tenant's samples in a slot counts, so it does not matter how often and in
 * which order they come.
 */
export async function writeSamples(db: Queryable, slot: Date, samples: readonly Sample[]): Promise<void> {
  if (samples.length === 0) return;
  const place = placeOf(slot);
  const element = (column: string) =>
    `${column}[$2] = greatest(sample.${column}[$2], excluded.${column}[$2])`;
  await db.query(
    `insert into tenantry.usage_sample as sample (tenant_id, hour, cpu_millis, memory_kb, storage_mb)
     select tenant_id, $1, tenantry.usage_at($2::int, cpu), tenantry.usage_at($2::int, memory),
       tenantry.usage_at($2::int, storage)
     from unnest($3::text[], $4::int[], $5::int[], $6::int[]) s(tenant_id, cpu, memory, storage)
     order by tenant_id
     on conflict (tenant_id, hour) do update set
       ${element('cpu_millis')}, ${element('memory_kb')}, ${element('storage_mb')}`,
    [
      hourOf(slot),
      place,
      samples.map(({ tenantId }) => tenantId),
      samples.map(({ cpuMillis }) => cpuMillis),
      samples.map(({ memoryKb }) => memoryKb),
      samples.map(({ storageMb }) => storageMb),
    ],
  );
  await markStale(db, [hourOf(slot)]);
}

/** What a service tells of a tenant, in millionths of the dimension's unit. */
export interface ToldSample {
  readonly dimension: string;
  readonly slot: Date;
  readonly microUnits: number;
}

/**
 * Writes what a service tells of a tenant. The greatest amount of a slot counts; with `replace` the last one does, which
 * corrects a wrong one. A call may have each dimension and slot once. Events of the same time count in addition. Notifies
 * of limits that the use reaches. Call it in a transaction.
 */
export async function writeTold(
  db: Queryable,
  tenantId: string,
  told: readonly ToldSample[],
  options: { replace?: boolean } = {},
): Promise<void> {
  await db.query(
    `insert into tenantry.usage_told as known (tenant_id, hour, dimension, amounts)
     select $1, hour, dimension, amounts
     from jsonb_to_recordset($2::jsonb) as told(hour timestamptz, dimension text, amounts bigint[])
     order by dimension, hour
     on conflict (tenant_id, hour, dimension) do update set
       amounts = tenantry.usage_total(known.amounts, excluded.amounts, $3)`,
    [tenantId, JSON.stringify(hoursOf(told)), options.replace ?? false],
  );
  await tellWritten(
    db,
    told.map(({ slot, dimension }) => ({ tenantId, dimension, at: slot })),
  );
}

/**
 * Does what follows from use that was just written: notifies of limits that it reaches, and marks its hours to be rolled up
 * again. Call it last in the transaction that writes the use.
 */
export async function tellWritten(
  db: Queryable,
  written: readonly { readonly tenantId: string; readonly dimension: string; readonly at: Date }[],
): Promise<void> {
  const months = Map.groupBy(written, ({ at }) => monthNamed(dayOf(at)).id);
  for (const [month, used] of [...months].sort(([a], [b]) => (a < b ? -1 : 1)))
    await tellLimits(db, monthNamed(month), used);
  await markStale(
    db,
    written.map(({ at }) => hourOf(at)),
  );
}

/** Turns samples into rows: one for each dimension and hour, with an array of the hour's slots. */
function hoursOf(told: readonly ToldSample[]) {
  const byHour = Map.groupBy(told, ({ dimension, slot }) => `${dimension} ${hourOf(slot).getTime()}`);
  return [...byHour.values()].flatMap((samples) => {
    const [first] = samples;
    if (!first) return [];
    const amounts = Array.from<number | null>({ length: slotsPerHour }).fill(null);
    for (const { slot, microUnits } of samples) amounts[placeOf(slot) - 1] = microUnits;
    return [{ hour: hourOf(first.slot), dimension: first.dimension, amounts }];
  });
}

/** Marks hours to be rolled up again. Call it last in the transaction that writes their samples. */
async function markStale(db: Queryable, hours: readonly Date[]): Promise<void> {
  const distinct = [...new Set(hours.map((hour) => hour.getTime()))].sort((a, b) => a - b);
  await db.query(
    `insert into tenantry.usage_stale_hour as stale (hour) select unnest($1::timestamptz[])
     on conflict (hour) do update set marks = stale.marks + 1`,
    [distinct.map((hour) => new Date(hour))],
  );
}

/** Records which plan pays for each tenant of a cell on a day. */
export async function notePlans(db: Queryable, cell: string, day: string): Promise<void> {
  await db.query(
    `insert into tenantry.usage_plan_day as known (tenant_id, day, product, plan, seats, status)
     select t.id, $2::date, t.product, coalesce(s.plan, t.desired_spec ->> 'plan'),
       coalesce(s.seats, (t.desired_spec ->> 'seats')::int, 1), s.status
     from tenantry.tenant t join tenantry.subscription s on s.id = t.subscription_id
     where t.cell = $1 and not t.slot and t.phase <> 'deleted' and s.status in ('active', 'trialing', 'past_due')
     order by t.id
     on conflict (tenant_id, day) do update set plan = excluded.plan, seats = excluded.seats, status = excluded.status
       where (known.plan, known.seats, known.status) <> (excluded.plan, excluded.seats, excluded.status)`,
    [cell, day],
  );
}

/** What a consumer within a tenant used during one slot. */
export interface ConsumerUse {
  readonly tenantId: string;
  readonly consumer: string;
  readonly cpuMilliSeconds: number;
  readonly memoryKbSeconds: number;
}

/** Adds to what consumers used on a day. Call it once per slot, in the transaction that inserts its round. */
export async function addConsumers(db: Queryable, day: string, uses: readonly ConsumerUse[]): Promise<void> {
  if (uses.length === 0) return;
  await db.query(
    `insert into tenantry.usage_consumer_day as known (tenant_id, day, consumer, cpu_milli_seconds, memory_kb_seconds)
     select tenant_id, $1::date, consumer, cpu, memory
     from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) u(tenant_id, consumer, cpu, memory)
     order by tenant_id, consumer
     on conflict (tenant_id, day, consumer) do update set
       cpu_milli_seconds = known.cpu_milli_seconds + excluded.cpu_milli_seconds,
       memory_kb_seconds = known.memory_kb_seconds + excluded.memory_kb_seconds`,
    [
      day,
      uses.map(({ tenantId }) => tenantId),
      uses.map(({ consumer }) => consumer),
      uses.map(({ cpuMilliSeconds }) => cpuMilliSeconds),
      uses.map(({ memoryKbSeconds }) => memoryKbSeconds),
    ],
  );
}

/** Deletes who used what within an ended tenant, because the names may identify people. */
export async function forgetConsumers(db: Queryable, tenantId: string): Promise<void> {
  await db.query('delete from tenantry.usage_consumer_day where tenant_id = $1', [tenantId]);
}

export interface UnreportedUsage {
  readonly tenantId: string;
  readonly dimension: string;
  /** `2026-11-21`. */
  readonly day: string;
  /** Millionths of the dimension's unit that are not yet reported. */
  readonly quantity: number;
}

/**
 * Lists billable use, of days that ended before a time, that is not yet reported to Stripe. Ordered by tenant, day and
 * dimension.
 * @param options.after `cursorOf` the last row of the previous page
 */
export async function listUnreportedUsage(
  db: Queryable,
  options: { olderThan: Date; after?: string; limit: number },
): Promise<UnreportedUsage[]> {
  const [tenantId = '', day = '0001-01-01', dimension = ''] = options.after?.split(' ') ?? [];
  const { rows } = await db.query<UnreportedUsage>(
    `select tenant_id as "tenantId", dimension, day::text, micro_units - reported as quantity
     from tenantry.usage_day
     where billable and micro_units <> reported and micro_units > reported
       and day < ($1::timestamptz at time zone 'UTC')::date
       and (tenant_id, day, dimension) > ($2, $3::date, $4)
     order by tenant_id, day, dimension limit $5`,
    [options.olderThan, tenantId, day, dimension, options.limit],
  );
  return rows;
}

/** Where a page of unreported usage ends. */
export function cursorOf({ tenantId, day, dimension }: Omit<UnreportedUsage, 'quantity'>): string {
  return `${tenantId} ${day} ${dimension}`;
}
