import { emit } from '../notify/index.ts';
import type { Queryable } from '../store/database.ts';
import {
  type LimitRow,
  limitRows,
  noticePercents,
  noticesDue,
  noticeText,
  sampledDimensions,
} from './limits.ts';
import type { Month } from './time.ts';

/** A meter that a tenant used. */
export interface UsedDimension {
  readonly tenantId: string;
  readonly dimension: string;
}

/**
 * Notifies tenants that approach, reach or exceed a limit of their plan: in their trail, and by `usage.limit_reached` when
 * they reach it. Notifies once a month for each limit and share, and again when another plan's greater limit is reached.
 *
 * Call it in the transaction that wrote the use, or that changed the plan, after the write. Transactions that call it for
 * the same tenant take turns until they commit, so the last of several at once sees what all of them wrote. A transaction
 * that writes several months calls it for the earliest first.
 */
export async function tellLimits(
  client: Queryable,
  month: Month,
  used: readonly UsedDimension[],
): Promise<void> {
  const dimensions = new Set(used.map(({ dimension }) => dimension));
  const limits = limitRows().filter((limit) => limit.dimensions.some((one) => dimensions.has(one)));
  if (limits.length === 0) return;
  const counted = new Set(limits.flatMap((limit) => limit.dimensions));
  const tenants = [
    ...new Set(used.flatMap(({ tenantId, dimension }) => (counted.has(dimension) ? [tenantId] : []))),
  ];
  await takeTurns(client, month, tenants);
  for (const use of await listReached(client, month, limits, tenants)) await tell(client, month, use);
}

/** Tenants take their turns in so many lots, so that a batch of many tenants needs few locks. */
const lots = 64;

async function takeTurns(client: Queryable, { firstDay }: Month, tenants: readonly string[]): Promise<void> {
  await client.query(
    `select pg_advisory_xact_lock(hashtextextended('tenantry.usage_limit:' || $1 || lot, 0))
     from (select distinct abs(hashtext(id) % $3) as lot from unnest($2::text[]) id order by lot) lots`,
    [firstDay, tenants, lots],
  );
}

interface Reached {
  readonly tenantId: string;
  readonly product: string;
  readonly limitId: string;
  readonly limitMicroUnits: number;
  readonly usedMicroUnits: number;
  /** Shares that the tenant was notified of, at this limit or a greater one. */
  readonly told: readonly number[];
}

/** Lists limits of which the lowest share with a notice is reached. */
async function listReached(
  client: Queryable,
  month: Month,
  limits: readonly LimitRow[],
  tenants: readonly string[],
): Promise<Reached[]> {
  const all = [...new Set(limits.flatMap(({ dimensions }) => dimensions))];
  const sampled = sampledDimensions();
  const { rows } = await client.query<Reached>(
    `with plan_limit as (
       select * from jsonb_to_recordset($3::jsonb) as l(product text, plan text, id text, dimensions text[], take text,
         "limitMicroUnits" bigint)),
     used as (
       select tenant_id, dimension, micro_units::numeric as total, peak_micro_units as peak from tenantry.usage_month
       where tenant_id = any($4) and month = $1 and dimension = any($5)
       union all
       select tenant_id, dimension, sum(micro_units), max(micro_units) from tenantry.usage_day
       where tenant_id = any($4) and day >= $1 and day < $2 and dimension = any($6) group by tenant_id, dimension),
     reached as (
       select used.tenant_id, l.product, l.id, l."limitMicroUnits",
         sum(case l.take when 'peak' then used.peak else used.total end)::bigint as amount
       from used join tenantry.tenant t on t.id = used.tenant_id
       join plan_limit l on l.product = t.product and l.plan = t.desired_spec ->> 'plan'
         and used.dimension = any(l.dimensions)
       group by used.tenant_id, l.product, l.id, l."limitMicroUnits")
     select tenant_id as "tenantId", product, id as "limitId", "limitMicroUnits", amount as "usedMicroUnits",
       array(select percent from tenantry.usage_alert a where a.tenant_id = reached.tenant_id and a.month = $1
         and a.limit_id = reached.id and a.limit_micro_units >= reached."limitMicroUnits") as told
     from reached where amount::numeric * 100 >= "limitMicroUnits"::numeric * $7 order by tenant_id, id`,
    [
      month.firstDay,
      month.nextFirstDay,
      JSON.stringify(limits),
      tenants,
      all.filter((dimension) => !sampled.has(dimension)),
      all.filter((dimension) => sampled.has(dimension)),
      noticePercents[0],
    ],
  );
  return rows;
}

async function tell(client: Queryable, month: Month, reached: Reached): Promise<void> {
  const { tenantId, product, limitId, usedMicroUnits, limitMicroUnits, told } = reached;
  const due = noticesDue(usedMicroUnits, limitMicroUnits).filter((percent) => !told.includes(percent));
  const highest = due.at(-1);
  if (highest === undefined) return;
  // A trigger writes the message into the tenant's trail when the transaction ends.
  await client.query(
    `insert into tenantry.usage_alert
       (tenant_id, month, limit_id, percent, limit_micro_units, used_micro_units, message)
     select $1, $2, $3, percent, $5, $6, case when percent = $7 then $8 end from unnest($4::int[]) percent
     on conflict (tenant_id, month, limit_id, percent) do update set at = excluded.at, message = excluded.message,
       limit_micro_units = excluded.limit_micro_units, used_micro_units = excluded.used_micro_units`,
    [
      tenantId,
      month.firstDay,
      limitId,
      due,
      limitMicroUnits,
      usedMicroUnits,
      highest,
      noticeText(product, limitId, highest, usedMicroUnits, limitMicroUnits),
    ],
  );
  if (due.includes(100))
    await emit(
      client,
      'usage.limit_reached',
      { tenantId },
      { tenantId, month: month.id, limit: limitId, usedMicroUnits, limitMicroUnits },
    );
}
