import { onlyRow, type Queryable } from '../store/database.ts';
import { numberKey, type Page, pageQuery, textKey } from '../store/pages.ts';
import { matchesEmail, matchesTenant } from '../store/tenant-list.ts';
import type { MonthTake } from './dimensions.ts';
import type { Consumer, PlanDays, UsedAmount } from './statement.ts';
import { type Month, slotMs } from './time.ts';

/** Use, for people to read. Months and days are UTC. */

interface Days {
  readonly firstDay: string;
  readonly nextFirstDay: string;
}

/** Lists the plans that subscriptions paid for in a month, with the days of each; ordered by tenant and first day. */
export async function listPlanDays(
  db: Queryable,
  tenantIds: readonly string[],
  month: Days,
): Promise<(PlanDays & { readonly tenantId: string })[]> {
  const { rows } = await db.query<PlanDays & { tenantId: string }>(
    `select tenant_id as "tenantId", product, plan, seats, status, count(*) as days from tenantry.usage_plan_day
     where tenant_id = any($1) and day >= $2 and day < $3
     group by tenant_id, product, plan, seats, status order by tenant_id, min(day)`,
    [tenantIds, month.firstDay, month.nextFirstDay],
  );
  return rows;
}

/**
 * A tenant's use of each dimension in a month.
 * @param takes dimensions whose month is not the sum of their days, but the average or the highest
 */
export async function readUsed(
  db: Queryable,
  tenantId: string,
  month: Month,
  takes: ReadonlyMap<string, MonthTake>,
): Promise<UsedAmount[]> {
  const { rows } = await db.query<UsedAmount>(
    `select d.dimension, round(case t.take when 'peak' then max(d.micro_units)
       when 'average' then sum(d.micro_units) / $6 else sum(d.micro_units) end)::bigint as "microUnits"
     from tenantry.usage_day d left join unnest($4::text[], $5::text[]) t(dimension, take) using (dimension)
     where d.tenant_id = $1 and d.day >= $2 and d.day < $3 group by d.dimension, t.take order by d.dimension`,
    [tenantId, month.firstDay, month.nextFirstDay, [...takes.keys()], [...takes.values()], month.days],
  );
  return rows;
}

/** Lists who within a tenant used the most processors in a month. */
export async function listTopConsumers(
  db: Queryable,
  tenantId: string,
  month: Days,
  limit: number,
): Promise<Consumer[]> {
  const { rows } = await db.query<Consumer>(
    `select consumer, sum(cpu_milli_seconds)::bigint as "cpuMilliSeconds",
       sum(memory_kb_seconds)::bigint as "memoryKbSeconds"
     from tenantry.usage_consumer_day where tenant_id = $1 and day >= $2 and day < $3
     group by consumer order by 2 desc, 3 desc, consumer limit $4`,
    [tenantId, month.firstDay, month.nextFirstDay, limit],
  );
  return rows;
}

export interface DayUse extends UsedAmount {
  readonly day: string;
}

/** A tenant's days, oldest first. */
export async function listDays(db: Queryable, tenantId: string, days: Days): Promise<DayUse[]> {
  const { rows } = await db.query<DayUse>(
    `select day::text, dimension, micro_units as "microUnits" from tenantry.usage_day
     where tenant_id = $1 and day >= $2 and day < $3 order by tenantry.usage_day.day, dimension`,
    [tenantId, days.firstDay, days.nextFirstDay],
  );
  return rows;
}

export interface HourUse {
  readonly hour: Date;
  readonly cpuMilliSeconds: number;
  readonly memoryKbSeconds: number;
  readonly storageMbSeconds: number;
  /** How many of the hour's 12 samples exist. */
  readonly samples: number;
}

/** A tenant's hours in [from, until), oldest first. */
export async function listHours(
  db: Queryable,
  tenantId: string,
  from: Date,
  until: Date,
): Promise<HourUse[]> {
  const { rows } = await db.query<HourUse>(
    `select hour, cpu_milli_seconds as "cpuMilliSeconds", memory_kb_seconds as "memoryKbSeconds",
       storage_mb_seconds as "storageMbSeconds", slots as samples
     from tenantry.usage_hour where tenant_id = $1 and hour >= $2 and hour < $3 order by hour`,
    [tenantId, from, until],
  );
  return rows;
}

export interface SampleUse {
  readonly at: Date;
  readonly cpuMillis: number;
  readonly memoryKb: number;
  readonly storageMb: number;
}

/** A tenant's samples of whole hours in [from, until), oldest first, without missing ones. */
export async function listSamples(
  db: Queryable,
  tenantId: string,
  from: Date,
  until: Date,
): Promise<SampleUse[]> {
  const { rows } = await db.query<SampleUse>(
    `select hour + (place - 1) * $4 * interval '1 ms' as at, cpu as "cpuMillis", memory as "memoryKb",
       storage as "storageMb"
     from tenantry.usage_sample, unnest(cpu_millis, memory_kb, storage_mb)
       with ordinality as s(cpu, memory, storage, place)
     where tenant_id = $1 and hour >= $2 and hour < $3 and cpu is not null order by hour, place`,
    [tenantId, from, until, slotMs],
  );
  return rows;
}

export interface UsageGap {
  readonly cell: string;
  readonly from: Date;
  readonly until: Date;
  readonly samples: number;
}

/**
 * Lists the times in [from, until), after a cell's first sample, for which it has none.
 * @param cell null for every cell
 */
export async function listGaps(
  db: Queryable,
  cell: string | null,
  from: Date,
  until: Date,
): Promise<UsageGap[]> {
  const { rows } = await db.query<UsageGap>(
    `with round as (
       select cell, slot, lead(slot) over (partition by cell order by slot) as next from tenantry.usage_round
       where ($1::text is null or cell = $1)
         and slot >= coalesce((select max(slot) from tenantry.usage_round first
           where first.slot < $2 and ($1::text is null or first.cell = $1)), $2)),
     gap as (
       select cell, greatest(slot + $4 * interval '1 ms', $2) as began, least(coalesce(next, $3), $3) as ended from round)
     select cell, began as "from", ended as until,
       floor(extract(epoch from ended - began) * 1000 / $4)::int as samples
     from gap where ended - began >= $4 * interval '1 ms' order by began, cell`,
    [cell, from, until, slotMs],
  );
  return rows;
}

export interface TenantTotal {
  readonly tenantId: string;
  readonly product: string;
  readonly slug: string;
  readonly computeCents: number;
  readonly storageCents: number;
  readonly otherCents: number;
  /** The cost of all its use. */
  readonly usageCents: number;
}

export interface TotalFilter {
  readonly product?: string | undefined;
  readonly plan?: string | undefined;
  /** As `matchesTenant` and `matchesEmail` have it. */
  readonly q?: string | undefined;
}

const order = { id: textKey('"tenantId"'), by: { usage: numberKey('"usageCents"'), slug: textKey('slug') } };
export type TotalOrder = keyof typeof order.by;

/**
 * What every tenant's use of a month costs: the operator's list of top consumers. Rounds each dimension to a cent, a half
 * up, as a statement does.
 * @param prices by dimension, in micro-dollars per unit, with the dimension's section
 * @param page may be sorted by `usage`, which grows: a tenant whose use passes the end of a page before the next one is
 *   read is then on neither page, or on both. Sorted by `slug`, every tenant is listed once
 */
export async function listTotals(
  db: Queryable,
  month: Days,
  prices: readonly { readonly dimension: string; readonly price: number; readonly section: string }[],
  filter: TotalFilter,
  page: Page<TotalOrder>,
): Promise<TenantTotal[]> {
  const sum = (section: string) => `coalesce(sum(cents) filter (where section = '${section}'), 0)::bigint`;
  const { rows } = await db.query<TenantTotal>(
    ...pageQuery(
      `with used as (
         select tenant_id, dimension, sum(micro_units) as amount from tenantry.usage_day
         where day >= $1 and day < $2 and billable group by tenant_id, dimension),
       cost as (
         select used.tenant_id, p.section, round(used.amount * p.price / 10000000000) as cents
         from used join unnest($3::text[], $4::bigint[], $5::text[]) p(dimension, price, section)
           on p.dimension = used.dimension),
       total as (
         select t.id as "tenantId", t.product, t.slug, ${sum('compute')} as "computeCents",
           ${sum('storage')} as "storageCents", ${sum('other')} as "otherCents", sum(cents)::bigint as "usageCents"
         from cost join tenantry.tenant t on t.id = cost.tenant_id
         where ($6::text is null or t.product = $6) and ($7::text is null or t.desired_spec->>'plan' = $7)
           and ($8::text is null or ${matchesTenant('$8')} or ${matchesEmail('$8')})
         group by t.id)
       select * from total where true`,
      [
        month.firstDay,
        month.nextFirstDay,
        prices.map(({ dimension }) => dimension),
        prices.map(({ price }) => price),
        prices.map(({ section }) => section),
        filter.product ?? null,
        filter.plan ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows;
}

export interface MeteringState {
  /** Each cell's last sample. */
  readonly cells: readonly { readonly cell: string; readonly lastSample: Date; readonly source: string }[];
  readonly staleHours: number;
  readonly oldestStaleHour: Date | null;
  /** Days of tenants and dimensions, before today, that are not yet reported to Stripe. */
  readonly unreported: number;
  readonly oldestUnreportedDay: string | null;
  /** Days of tenants and dimensions of which Stripe has too much. */
  readonly overreported: number;
}

export async function readMeteringState(db: Queryable): Promise<MeteringState> {
  const cells = await db.query<MeteringState['cells'][number]>(
    `select distinct on (cell) cell, slot as "lastSample", source from tenantry.usage_round order by cell, slot desc`,
  );
  const rest = onlyRow(
    await db.query<Omit<MeteringState, 'cells'>>(
      `select stale.count as "staleHours", stale.oldest as "oldestStaleHour",
         day.unreported, day.oldest::text as "oldestUnreportedDay", day.overreported
       from (select count(*), min(hour) as oldest from tenantry.usage_stale_hour
           where hour < now() - interval '1 hour') stale,
         (select count(*) filter (where micro_units > reported) as unreported,
             min(day) filter (where micro_units > reported) as oldest,
             count(*) filter (where micro_units < reported) as overreported
           from tenantry.usage_day
           where billable and micro_units <> reported and day < (now() at time zone 'UTC')::date) day`,
    ),
  );
  return { cells: cells.rows, ...rest };
}
