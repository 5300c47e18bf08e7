import { firstRow, onlyRow, type Queryable } from '../store/database.ts';
import type { Term } from './dimensions.ts';
import { dayOf, hourMs, slotSeconds, startOfDay } from './time.ts';

/** Rolls samples up into hours and hours into days. Each is recomputed from its parts, so repeating it is safe. */

/**
 * Takes the oldest hour with changed samples that ended before a time and removes its marks in the transaction. Samples
 * that are written meanwhile mark it again.
 */
export async function takeStaleHour(db: Queryable, before: Date): Promise<Date | null> {
  const row = firstRow(
    await db.query<{ hour: Date }>(
      `delete from tenantry.usage_stale_hour where hour = (
         select hour from tenantry.usage_stale_hour where hour < $1
         order by hour limit 1 for update skip locked)
       returning hour`,
      [new Date(before.getTime() - hourMs + 1)],
    ),
  );
  return row?.hour ?? null;
}

/** @param tenants null for all */
export async function rollUpHour(
  db: Queryable,
  hour: Date,
  tenants: readonly string[] | null = null,
): Promise<number> {
  const sum = (column: string) => `${slotSeconds} * (select coalesce(sum(v), 0) from unnest(${column}) v)`;
  const { rowCount } = await db.query(
    `insert into tenantry.usage_hour as known
       (tenant_id, hour, cpu_milli_seconds, memory_kb_seconds, storage_mb_seconds, slots)
     select tenant_id, hour, ${sum('cpu_millis')}, ${sum('memory_kb')}, ${sum('storage_mb')},
       (select count(v) from unnest(cpu_millis) v)
     from tenantry.usage_sample where hour = $1 and ($2::text[] is null or tenant_id = any($2))
     order by tenant_id
     on conflict (tenant_id, hour) do update set cpu_milli_seconds = excluded.cpu_milli_seconds,
       memory_kb_seconds = excluded.memory_kb_seconds, storage_mb_seconds = excluded.storage_mb_seconds,
       slots = excluded.slots
       where (known.cpu_milli_seconds, known.memory_kb_seconds, known.storage_mb_seconds, known.slots) <>
         (excluded.cpu_milli_seconds, excluded.memory_kb_seconds, excluded.storage_mb_seconds, excluded.slots)`,
    [hour, tenants],
  );
  return rowCount ?? 0;
}

/**
 * Computes a day's amounts from its hours and from told use.
 * @param terms of the day's month
 * @param tenants null for all
 */
export async function rollUpDay(
  db: Queryable,
  day: string,
  terms: readonly Term[],
  tenants: readonly string[] | null = null,
): Promise<number> {
  const { rowCount } = await db.query(
    `with term as (
       select * from jsonb_to_recordset($2::jsonb) as t(product text, dimension text, source text, told text, take text,
         numerator numeric, denominator numeric, billable boolean)),
     hours as (
       select tenant_id, sum(cpu_milli_seconds) as cpu, sum(memory_kb_seconds) as memory,
         sum(storage_mb_seconds) as storage
       from tenantry.usage_hour
       where hour >= $3 and hour < $4 and ($5::text[] is null or tenant_id = any($5)) group by tenant_id),
     told as (
       select tenant_id, dimension, sum(v) as total, max(v)::numeric as peak
       from tenantry.usage_told, unnest(amounts, added) u(amount, more),
         lateral (select coalesce(amount, 0) + coalesce(more, 0) as v) slot
       where hour >= $3 and hour < $4 and ($5::text[] is null or tenant_id = any($5)) group by tenant_id, dimension),
     part as (
       select h.tenant_id, term.dimension, term.billable,
         case term.source when 'cpu' then h.cpu when 'memory' then h.memory else h.storage end
           * term.numerator / term.denominator as amount
       from hours h join tenantry.tenant t on t.id = h.tenant_id
       join term on term.product = t.product and term.source <> 'told'
       union all
       select o.tenant_id, term.dimension, term.billable,
         case term.take when 'peak' then o.peak else o.total end * term.numerator / term.denominator
       from told o join tenantry.tenant t on t.id = o.tenant_id
       join term on term.product = t.product and term.told = o.dimension),
     amount as (
       select tenant_id, dimension, billable, round(sum(amount))::bigint as micro_units
       from part group by tenant_id, dimension, billable)
     insert into tenantry.usage_day as known (tenant_id, day, dimension, micro_units, billable)
     select tenant_id, $1::date, dimension, micro_units, billable from amount
     where micro_units > 0 or exists (select from tenantry.usage_day old
       where old.tenant_id = amount.tenant_id and old.day = $1 and old.dimension = amount.dimension)
     order by tenant_id, dimension
     on conflict (tenant_id, day, dimension) do update set micro_units = excluded.micro_units,
       billable = excluded.billable
       where (known.micro_units, known.billable) <> (excluded.micro_units, excluded.billable)`,
    [day, JSON.stringify(terms), startOfDay(day), new Date(startOfDay(day).getTime() + 24 * hourMs), tenants],
  );
  return rowCount ?? 0;
}

export interface MonthSpend {
  readonly tenantId: string;
  readonly product: string;
  readonly plan: string;
  /** The month's charges so far, in micro-dollars. */
  readonly micros: number;
}

/** Tenants' charges of a month so far. @param tenants null for all */
export async function readMonthSpend(
  db: Queryable,
  month: { readonly firstDay: string; readonly nextFirstDay: string },
  prices: ReadonlyMap<string, number>,
  tenants: readonly string[] | null,
): Promise<MonthSpend[]> {
  const { rows } = await db.query<MonthSpend>(
    `select d.tenant_id as "tenantId", t.product, t.desired_spec ->> 'plan' as plan,
       sum(trunc(d.total * p.price / 1000000))::bigint as micros
     from (select tenant_id, dimension, sum(micro_units) as total from tenantry.usage_day
       where day >= $1 and day < $2 and billable and ($5::text[] is null or tenant_id = any($5)) group by 1, 2) d
     join unnest($3::text[], $4::bigint[]) p(dimension, price) on p.dimension = d.dimension
     join tenantry.tenant t on t.id = d.tenant_id
     group by d.tenant_id, t.product, t.desired_spec ->> 'plan' order by d.tenant_id`,
    [month.firstDay, month.nextFirstDay, [...prices.keys()], [...prices.values()], tenants],
  );
  return rows;
}

/** Lists tenants that cannot wait for the end of an hour: their spend has a limit, or their paid period ends by a time. */
export async function listUrgentTenants(
  db: Queryable,
  period: { readonly from: Date; readonly until: Date },
): Promise<{ readonly id: string; readonly limited: boolean }[]> {
  const { rows } = await db.query<{ id: string; limited: boolean }>(
    `select t.id, b.tenant_id is not null as limited from tenantry.tenant t
     left join tenantry.budget b on b.tenant_id = t.id and b.kind = 'spend'
       and (b.limit_micros is not null or b.cap_micros is not null)
     left join tenantry.subscription s on s.id = t.subscription_id
     where not t.slot and t.phase <> 'deleted'
       and (b.tenant_id is not null or (s.current_period_end > $1 and s.current_period_end <= $2))
     order by t.id`,
    [period.from, period.until],
  );
  return rows;
}

/** Raises the recorded spend of many tenants that have no limit; a lower figure changes nothing. */
export async function raiseSpends(
  db: Queryable,
  month: string,
  spends: readonly Pick<MonthSpend, 'tenantId' | 'micros'>[],
): Promise<void> {
  if (spends.length === 0) return;
  await db.query(
    `insert into tenantry.budget_month as known (tenant_id, kind, month, spent_micros)
     select tenant_id, 'spend', $1::date, micros from unnest($2::text[], $3::bigint[]) s(tenant_id, micros)
     order by tenant_id
     on conflict (tenant_id, kind, month) do update set spent_micros = excluded.spent_micros
       where known.spent_micros < excluded.spent_micros`,
    [month, spends.map(({ tenantId }) => tenantId), spends.map(({ micros }) => micros)],
  );
}

/** Lists who used which of some dimensions in a month, as far as it is rolled up. */
export async function listUsedDimensions(
  db: Queryable,
  month: { readonly firstDay: string; readonly nextFirstDay: string },
  dimensions: readonly string[],
): Promise<{ readonly tenantId: string; readonly dimension: string }[]> {
  const { rows } = await db.query<{ tenantId: string; dimension: string }>(
    `select distinct tenant_id as "tenantId", dimension from tenantry.usage_day
     where day >= $1 and day < $2 and dimension = any($3) order by 1, 2`,
    [month.firstDay, month.nextFirstDay, dimensions],
  );
  return rows;
}

const partitioned = [
  { table: 'usage_sample', unit: 'day', kept: 'samples' },
  { table: 'usage_told', unit: 'day', kept: 'samples' },
  { table: 'usage_hour', unit: 'month', kept: 'hours' },
  { table: 'usage_day', unit: 'month', kept: 'days' },
  { table: 'usage_plan_day', unit: 'month', kept: 'days' },
  { table: 'usage_consumer_day', unit: 'month', kept: 'days' },
  { table: 'usage_report', unit: 'month', kept: 'days' },
] as const;

/** Makes the partitions for use between two moments. */
export async function ensureUsagePartitions(db: Queryable, from: Date, until: Date): Promise<void> {
  for (const { table, unit } of partitioned)
    await db.query('select tenantry.usage_partitions($1, $2, $3, $4)', [table, unit, from, until]);
}

/** How long everything is kept, in days. */
export interface UsageRetention {
  readonly samples: number;
  readonly hours: number;
  readonly days: number;
}

/** Drops what is older than its retention. @returns how many partitions */
export async function forgetUsage(db: Queryable, now: Date, retention: UsageRetention): Promise<number> {
  const before = (days: number) => new Date(now.getTime() - days * 24 * hourMs);
  let dropped = 0;
  for (const { table, unit, kept } of partitioned) {
    const row = onlyRow(
      await db.query<{ dropped: number }>('select tenantry.usage_forget($1, $2, $3) as dropped', [
        table,
        unit,
        before(retention[kept]),
      ]),
    );
    dropped += row.dropped;
  }
  await db.query('delete from tenantry.usage_round where slot < $1', [before(retention.hours)]);
  await db.query('delete from tenantry.usage_alert where month < $1', [dayOf(before(retention.days))]);
  await db.query('delete from tenantry.usage_event where at < $1', [before(retention.samples)]);
  await db.query('delete from tenantry.usage_month where month < $1', [dayOf(before(retention.days))]);
  // The samples of these hours are gone.
  await db.query('delete from tenantry.usage_stale_hour where hour < $1', [before(retention.samples)]);
  return dropped;
}
