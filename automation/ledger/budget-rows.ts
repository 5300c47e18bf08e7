import { firstRow, onlyRow, type Queryable } from '../store/database.ts';
import { type Page, pageQuery, textKey } from '../store/pages.ts';

/** `api`: the cost of the tenant's API calls. `spend`: the charges for its metered use. */
export type BudgetKind = 'api' | 'spend';

/** A tenant's budget of one kind in one calendar month (UTC). Amounts in micro-dollars. */
export interface BudgetRow {
  readonly kind: BudgetKind;
  /** A limit agreed by hand instead of the plan's; null without one. */
  readonly agreedMicros: number | null;
  /** The owner's own, lower limit; null without one. */
  readonly capMicros: number | null;
  readonly spentMicros: number;
  /** The most that running calls may still cost. */
  readonly reservedMicros: number;
  readonly calls: number;
  /** The highest share, in percent, that the owner has been notified of. */
  readonly alertedPercent: number;
}

/** Reads both budgets of a tenant in a month, `api` first. @param month its first day, `2026-11-01` */
export async function readBudgets(db: Queryable, tenantId: string, month: string): Promise<BudgetRow[]> {
  const { rows } = await db.query<BudgetRow>('select * from tenantry.ledger_budgets($1, $2)', [
    tenantId,
    month,
  ]);
  return rows;
}

/** A share of this month's budget that its owner has been notified of. */
export interface ReachedBudget extends Pick<BudgetRow, 'kind' | 'alertedPercent'> {
  readonly tenant: string;
  readonly product: string;
}

/** Lists the budgets of this month (UTC) whose owners have been notified, those closest to their limit first. */
export async function listReachedBudgets(db: Queryable, limit: number): Promise<ReachedBudget[]> {
  const { rows } = await db.query<ReachedBudget>(
    `select t.id as tenant, t.product, m.kind, m.alerted_percent as "alertedPercent"
     from tenantry.budget_month m join tenantry.tenant t on t.id = m.tenant_id
     where m.month = date_trunc('month', now() at time zone 'utc')::date
       and m.alerted_percent > 0 and t.phase <> 'deleted'
     order by m.alerted_percent desc, t.id limit $1`,
    [limit],
  );
  return rows;
}

/** Sets the owner's cap or an agreed limit. Null removes one; one that is left out stays. */
export async function setBudget(
  db: Queryable,
  tenantId: string,
  kind: BudgetKind,
  limits: { readonly agreedMicros?: number | null; readonly capMicros?: number | null },
): Promise<void> {
  await db.query(
    `insert into tenantry.budget as known (tenant_id, kind, limit_micros, cap_micros) values ($1, $2, $3, $4)
     on conflict (tenant_id, kind) do update set
       limit_micros = case when $5 then excluded.limit_micros else known.limit_micros end,
       cap_micros = case when $6 then excluded.cap_micros else known.cap_micros end`,
    [
      tenantId,
      kind,
      limits.agreedMicros ?? null,
      limits.capMicros ?? null,
      limits.agreedMicros !== undefined,
      limits.capMicros !== undefined,
    ],
  );
}

export async function noteAlerted(
  db: Queryable,
  budget: { readonly tenantId: string; readonly kind: BudgetKind; readonly month: string },
  percent: number,
): Promise<void> {
  await db.query(
    `update tenantry.budget_month set alerted_percent = $4 where tenant_id = $1 and kind = $2 and month = $3`,
    [budget.tenantId, budget.kind, budget.month, percent],
  );
}

/** Inserts the month's row unless it exists, and locks it until the end of the transaction. */
export async function lockMonth(
  db: Queryable,
  tenantId: string,
  kind: BudgetKind,
  month: string,
): Promise<void> {
  await db.query(
    `insert into tenantry.budget_month (tenant_id, kind, month) values ($1, $2, $3) on conflict do nothing`,
    [tenantId, kind, month],
  );
  await db.query(
    `select from tenantry.budget_month where tenant_id = $1 and kind = $2 and month = $3 for no key update`,
    [tenantId, kind, month],
  );
}

export interface ApiCall {
  readonly tenantId: string;
  /** The caller's id of the call, which counts once. */
  readonly callId: string;
  readonly provider: string;
  readonly operation: string | null;
  readonly project: string | null;
  readonly at: Date;
  /** The first day of the month of `at`. */
  readonly month: string;
}

/**
 * Reserves the most that a new call may cost, by one conditional statement; false when it would exceed the limit. On false
 * the caller rolls back what it wrote.
 */
export async function reserve(
  db: Queryable,
  call: ApiCall,
  estimateMicros: number,
  limitMicros: number | null,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update tenantry.budget_month set reserved_micros = reserved_micros + $3
     where tenant_id = $1 and kind = 'api' and month = $2
       and ($4::bigint is null or (spent_micros + reserved_micros + $3 <= $4 and spent_micros < $4))`,
    [call.tenantId, call.month, estimateMicros, limitMicros],
  );
  return rowCount === 1;
}

/** Inserts a call. @returns null when it is new, else its row */
export async function insertCall(
  db: Queryable,
  call: ApiCall,
  estimateMicros: number | null,
): Promise<StoredCall | null> {
  const { rowCount } = await db.query(
    `insert into tenantry.api_cost (tenant_id, call_id, month, at, estimate_micros, provider, operation, project)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, call_id) do nothing`,
    [
      call.tenantId,
      call.callId,
      call.month,
      call.at,
      estimateMicros,
      call.provider,
      call.operation,
      call.project,
    ],
  );
  return rowCount === 1 ? null : lockCall(db, call);
}

export interface StoredCall {
  readonly estimateMicros: number | null;
  readonly costMicros: number | null;
  readonly month: string;
}

async function lockCall(db: Queryable, { tenantId, callId }: ApiCall): Promise<StoredCall> {
  return onlyRow(
    await db.query<StoredCall>(
      `select estimate_micros as "estimateMicros", cost_micros as "costMicros", month::text as month
       from tenantry.api_cost where tenant_id = $1 and call_id = $2 for no key update`,
      [tenantId, callId],
    ),
  );
}

/** Books a call's cost in place of its reservation. @returns the month's spend afterwards */
export async function settleCall(
  db: Queryable,
  call: ApiCall,
  stored: Pick<StoredCall, 'estimateMicros' | 'month'>,
  costMicros: number,
): Promise<number> {
  await db.query(`update tenantry.api_cost set cost_micros = $3 where tenant_id = $1 and call_id = $2`, [
    call.tenantId,
    call.callId,
    costMicros,
  ]);
  const row = onlyRow(
    await db.query<{ spent: number }>(
      `update tenantry.budget_month set spent_micros = spent_micros + $3, reserved_micros = reserved_micros - $4,
         calls = calls + 1
       where tenant_id = $1 and kind = 'api' and month = $2 returning spent_micros as spent`,
      [call.tenantId, stored.month, costMicros, stored.estimateMicros ?? 0],
    ),
  );
  return row.spent;
}

/** Raises the month's spend to a total; a lower and so older one changes nothing. @returns the spend afterwards */
export async function raiseSpend(
  db: Queryable,
  tenantId: string,
  month: string,
  totalMicros: number,
): Promise<number> {
  const row = onlyRow(
    await db.query<{ spent: number }>(
      `update tenantry.budget_month set spent_micros = greatest(spent_micros, $3)
       where tenant_id = $1 and kind = 'spend' and month = $2 returning spent_micros as spent`,
      [tenantId, month, totalMicros],
    ),
  );
  return row.spent;
}

export interface CostOfDay {
  readonly day: string;
  readonly costMicros: number;
  readonly calls: number;
}

/** The cost of a tenant's API calls per day (UTC), newest first. */
export async function listDailyCosts(db: Queryable, tenantId: string, days: number): Promise<CostOfDay[]> {
  const { rows } = await db.query<CostOfDay>(
    `select (at at time zone 'UTC')::date::text as day, sum(cost_micros)::bigint as "costMicros", count(*) as calls
     from tenantry.api_cost
     where tenant_id = $1 and cost_micros is not null and at >= now() - $2 * interval '1 day'
     group by 1 order by 1 desc`,
    [tenantId, days],
  );
  return rows;
}

export interface StoredCost {
  readonly callId: string;
  readonly at: Date;
  readonly provider: string;
  readonly operation: string | null;
  readonly project: string | null;
  readonly estimateMicros: number | null;
  readonly costMicros: number | null;
}

export interface CostFilter {
  readonly provider?: string | undefined;
  readonly operation?: string | undefined;
  readonly project?: string | undefined;
  /** `open`: nobody has said what it cost. */
  readonly state?: 'open' | 'settled' | undefined;
  /** Beginning of the call's id, in any case. */
  readonly q?: string | undefined;
}

/** `at` is the caller's own time, to the millisecond already. */
const order = { id: textKey('call_id'), by: { at: { sql: 'at', type: 'timestamptz' } } } as const;

/** Lists a tenant's calls. */
export async function listCosts(
  db: Queryable,
  tenantId: string,
  filter: CostFilter,
  page: Page<'at'>,
): Promise<StoredCost[]> {
  const { rows } = await db.query<StoredCost>(
    ...pageQuery(
      `select call_id as "callId", at, provider, operation, project, estimate_micros as "estimateMicros",
         cost_micros as "costMicros"
       from tenantry.api_cost
       where tenant_id = $1 and ($2::text is null or provider = $2) and ($3::text is null or operation = $3)
         and ($4::text is null or project = $4)
         and ($5::text is null or (cost_micros is null) = ($5 = 'open'))
         and ($6::text is null or starts_with(lower(call_id), $6))`,
      [
        tenantId,
        filter.provider ?? null,
        filter.operation ?? null,
        filter.project ?? null,
        filter.state ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows;
}

/** Releases the reservation of a call that is not made. A settled call stays as it is. */
export async function withdrawCall(db: Queryable, tenantId: string, callId: string): Promise<void> {
  await db.query(
    `with withdrawn as (
       delete from tenantry.api_cost where tenant_id = $1 and call_id = $2 and cost_micros is null
       returning month, estimate_micros)
     update tenantry.budget_month m set reserved_micros = reserved_micros - w.estimate_micros
     from withdrawn w
     where m.tenant_id = $1 and m.kind = 'api' and m.month = w.month and w.estimate_micros is not null`,
    [tenantId, callId],
  );
}

/** Releases the reservations of calls from before a time that are not settled. They may still be settled later. */
export async function releaseStaleReservations(db: Queryable, before: Date, limit: number): Promise<number> {
  const row = firstRow(
    await db.query<{ released: number }>(
      `with stale as (
         select tenant_id, call_id, month, estimate_micros from tenantry.api_cost
         where cost_micros is null and estimate_micros is not null and at < $1
         order by tenant_id, call_id limit $2 for no key update skip locked),
       cleared as (
         update tenantry.api_cost c set estimate_micros = null from stale s
         where c.tenant_id = s.tenant_id and c.call_id = s.call_id),
       lowered as (
         update tenantry.budget_month m set reserved_micros = reserved_micros - s.sum
         from (select tenant_id, month, sum(estimate_micros) as sum from stale group by 1, 2) s
         where m.tenant_id = s.tenant_id and m.kind = 'api' and m.month = s.month)
       select count(*) as released from stale`,
      [before, limit],
    ),
  );
  return row?.released ?? 0;
}

/**
 * Deletes old calls; the sums of their months stay.
 * @param before deletes earlier calls of products that `kept` does not name
 * @param kept by product, deletes calls before this time
 */
export async function deleteCostsBefore(
  db: Queryable,
  before: Date,
  kept: readonly { readonly product: string; readonly before: Date }[],
  limit: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `delete from tenantry.api_cost where ctid = any(array(
       select c.ctid from tenantry.api_cost c join tenantry.tenant t on t.id = c.tenant_id
       left join unnest($2::text[], $3::timestamptz[]) k(product, before) on k.product = t.product
       where c.at < (select max(latest) from unnest(array_append($3::timestamptz[], $1)) latest)
         and c.at < coalesce(k.before, $1) limit $4))`,
    [before, kept.map(({ product }) => product), kept.map((each) => each.before), limit],
  );
  return rowCount ?? 0;
}
