import type { Queryable } from '../store/database.ts';
import { hourOf, placeOf, slotOf, slotsPerHour } from './time.ts';
import { tellWritten } from './usage.ts';
import { ensureUsagePartitions } from './usage-roll-up.ts';

/** A tenant's use of one meter, which counts once by an id that its source chooses. */
export interface UsageEvent {
  readonly tenantId: string;
  /** Who tells it; ids are unique within a source. */
  readonly source: string;
  readonly id: string;
  readonly dimension: string;
  readonly at: Date;
  readonly microUnits: number;
  /** True when it says how much exists: the greatest of a slot counts. */
  readonly isLevel: boolean;
}

/** `conflict`: the id was told before with other content. */
export type EventOutcome = 'accepted' | 'repeated' | 'conflict';

/**
 * Counts events, each once by tenant, source and id, and answers in their order: `repeated` for what had been counted, for
 * example before a crash. Notifies of limits that the events reach. Call it in a transaction, so that an error leaves
 * nothing behind.
 */
export async function writeEvents(db: Queryable, events: readonly UsageEvent[]): Promise<EventOutcome[]> {
  if (events.length === 0) return [];
  const firsts = new Map<string, UsageEvent>();
  for (const event of events) if (!firsts.has(keyOf(event))) firsts.set(keyOf(event), event);
  const times = events.map(({ at }) => at.getTime());
  await ensureUsagePartitions(db, new Date(Math.min(...times)), new Date(Math.max(...times)));
  const fresh = await insertEvents(db, [...firsts.values()]);
  const stored = await readEvents(
    db,
    [...firsts.values()].filter((event) => !fresh.has(keyOf(event))),
  );
  await tellWritten(
    db,
    [...firsts.values()].filter((event) => fresh.has(keyOf(event))),
  );
  return events.map((event) => {
    const key = keyOf(event);
    if (fresh.has(key) && firsts.get(key) === event) return 'accepted';
    const counted = fresh.has(key) ? firsts.get(key) : stored.get(key);
    return counted?.dimension === event.dimension && counted.microUnits === event.microUnits
      ? 'repeated'
      : 'conflict';
  });
}

function keyOf({ tenantId, source, id }: Pick<UsageEvent, 'tenantId' | 'source' | 'id'>): string {
  return JSON.stringify([tenantId, source, id]);
}

/**
 * Writes the row that makes an event count once and its amount in one statement, so that neither exists without the other.
 * Locks rows in the same order as `writeTold`, so that the two never deadlock.
 */
async function insertEvents(db: Queryable, events: readonly UsageEvent[]): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<Pick<UsageEvent, 'tenantId' | 'source' | 'id'>>(
    `with event as (
       select * from jsonb_to_recordset($1::jsonb) as e(tenant_id text, source text, id text, dimension text,
         at timestamptz, hour timestamptz, place int, micro_units bigint, is_level boolean)),
     fresh as (
       insert into tenantry.usage_event (tenant_id, source, id, dimension, at, micro_units)
       select tenant_id, source, id, dimension, at, micro_units from event order by tenant_id, source, id
       on conflict do nothing returning tenant_id, source, id),
     slot as (
       select tenant_id, dimension, hour, place, is_level,
         case when is_level then max(micro_units) else sum(micro_units)::bigint end as amount
       from event join fresh using (tenant_id, source, id)
       group by tenant_id, dimension, hour, place, is_level),
     part as (
       select tenant_id, dimension, hour, is_level, array(
         select slot.amount from generate_series(1, $2) p
         left join slot on (slot.tenant_id, slot.dimension, slot.hour, slot.place) =
           (h.tenant_id, h.dimension, h.hour, p) order by p) as amounts
       from (select distinct tenant_id, dimension, hour, is_level from slot) h),
     told as (
       insert into tenantry.usage_told as known (tenant_id, hour, dimension, amounts, added)
       select tenant_id, hour, dimension, case when is_level then amounts else '{}' end,
         case when is_level then '{}' else amounts end
       from part order by tenant_id, dimension, hour
       on conflict (tenant_id, hour, dimension) do update set
         amounts = tenantry.usage_total(known.amounts, excluded.amounts, false),
         added = tenantry.usage_plus(known.added, excluded.added))
     select tenant_id as "tenantId", source, id from fresh`,
    [JSON.stringify(events.map(rowOf)), slotsPerHour],
  );
  return new Set(rows.map(keyOf));
}

function rowOf({ tenantId, source, id, dimension, at, microUnits, isLevel }: UsageEvent) {
  return {
    tenant_id: tenantId,
    source,
    id,
    dimension,
    at,
    hour: hourOf(at),
    place: placeOf(slotOf(at)),
    micro_units: microUnits,
    is_level: isLevel,
  };
}

async function readEvents(
  db: Queryable,
  events: readonly UsageEvent[],
): Promise<ReadonlyMap<string, Pick<UsageEvent, 'dimension' | 'microUnits'>>> {
  if (events.length === 0) return new Map();
  const { rows } = await db.query<
    Pick<UsageEvent, 'tenantId' | 'source' | 'id' | 'dimension' | 'microUnits'>
  >(
    `select tenant_id as "tenantId", source, id, dimension, micro_units as "microUnits"
     from tenantry.usage_event
     where (tenant_id, source, id) in (select * from unnest($1::text[], $2::text[], $3::text[]))`,
    [events.map(({ tenantId }) => tenantId), events.map(({ source }) => source), events.map(({ id }) => id)],
  );
  return new Map(rows.map((row) => [keyOf(row), row]));
}

/** A tenant's told use in a month so far, by dimension and in millionths of its unit. */
export async function readToldOfMonth(
  db: Queryable,
  tenantId: string,
  month: string,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ dimension: string; microUnits: number }>(
    `select dimension, micro_units as "microUnits" from tenantry.usage_month where tenant_id = $1 and month = $2`,
    [tenantId, month],
  );
  return new Map(rows.map(({ dimension, microUnits }) => [dimension, microUnits]));
}
