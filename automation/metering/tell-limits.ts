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
  for (const use of await listReached(client, month, limits, tenants)) await tell(client, month, use);
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

/** Takes the tenants' turn, and lists their limits of which the lowest share with a notice is reached. */
async function listReached(
  client: Queryable,
  { firstDay }: Month,
  limits: readonly LimitRow[],
  tenants: readonly string[],
): Promise<Reached[]> {
  const all = [...new Set(limits.flatMap(({ dimensions }) => dimensions))];
  const sampled = sampledDimensions();
  const { rows } = await client.query<Reached>(
    `select tenant_id as "tenantId", product, limit_id as "limitId", limit_micro_units as "limitMicroUnits",
       used_micro_units as "usedMicroUnits", told
     from tenantry.usage_limits_reached($1, $2::jsonb, $3, $4, $5, $6)`,
    [
      firstDay,
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
