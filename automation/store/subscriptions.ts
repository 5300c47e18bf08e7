import { firstRow, type Queryable, storable } from './database.ts';

/** A Stripe subscription as of its last fetch. */
export interface Subscription {
  readonly id: string;
  readonly status: string | null;
  readonly customerId: string | null;
  readonly owner: string | null;
  readonly product: string | null;
  readonly plan: string | null;
  readonly seats: number | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly pastDueSince: Date | null;
  readonly checkoutId: string | null;
  readonly problem: string | null;
  readonly attempts: number;
  /** When we first heard of it. */
  readonly createdAt: Date;
}

const columns = `id, status, customer_id as "customerId", owner, product, plan, seats,
  current_period_end as "currentPeriodEnd", cancel_at_period_end as "cancelAtPeriodEnd",
  past_due_since as "pastDueSince", checkout_id as "checkoutId", problem, attempts, created_at as "createdAt"`;

export async function findSubscription(db: Queryable, id: string): Promise<Subscription | null> {
  return firstRow(
    await db.query<Subscription>(`select ${columns} from tenantry.subscription where id = $1`, [id]),
  );
}

/**
 * Says why a checkout's subscription cannot get a tenant; null when it can. A request that Stripe did not answer is no
 * reason, because it is repeated.
 * @param of finds only a subscription of this owner or of these customers; null for anybody's
 */
export async function findCheckoutProblem(
  db: Queryable,
  checkoutId: string,
  of: { readonly owner: string; readonly customerIds: readonly string[] } | null,
): Promise<string | null> {
  const found = firstRow(
    await db.query<{ problem: string }>(
      `select problem from tenantry.subscription s
       where checkout_id = $1 and problem is not null and attempts = 0
         and ($2::text is null or owner = $2 or customer_id = any($3))
         and not exists (select from tenantry.tenant t where t.subscription_id = s.id)
       order by created_at desc limit 1`,
      [checkoutId, of?.owner ?? null, of?.customerIds ?? []],
    ),
  );
  return found?.problem ?? null;
}

export async function findSubscriptions(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, Subscription>> {
  const result = await db.query<Subscription>(
    `select ${columns} from tenantry.subscription where id = any($1)`,
    [ids],
  );
  return new Map(result.rows.map((row) => [row.id, row]));
}

/** True when the customer has ever subscribed to the product. */
export async function hasSubscribed(db: Queryable, customerId: string, product: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'select 1 from tenantry.subscription where customer_id = $1 and product = $2 limit 1',
    [customerId, product],
  );
  return rowCount === 1;
}

/** Marks a subscription dirty and rings for it, unless a sync that will see the mark has just been rung for. */
export async function markSubscription(db: Queryable, id: string): Promise<void> {
  await db.query('select tenantry.mark_subscriptions($1)', [[id]]);
}

/** Rings for subscriptions without marking them. */
export async function ringSubscriptions(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query('select tenantry.ring_subscriptions($1)', [ids]);
}

/**
 * Waits until transactions that are marking the subscription have committed, and makes later ones wait for this one. Call
 * it in the transaction that gives the subscription its tenant, before that locks the tenant. An audit entry that is
 * recorded with a mark names the tenant if there is one. With this lock all entries without a tenant come before all
 * entries with it, so that a reader who resumes after an entry misses none.
 */
export async function holdMarks(db: Queryable, id: string): Promise<void> {
  await db.query('select from tenantry.subscription_mark where subscription_id = $1 for no key update', [id]);
}

/** A fetch that is about to begin: the marks that it covers, and its place among concurrent fetches. */
export interface FetchTicket {
  readonly subscriptionId: string;
  readonly ticket: number;
  readonly markedSeq: number;
  /** Failed fetches since the last success. */
  readonly attempts: number;
}

/** Draws a ticket. Do so before the fetch, so that an older answer that arrives late is recognised. */
export async function drawFetchTicket(db: Queryable, id: string): Promise<FetchTicket | null> {
  const row = firstRow(
    await db.query<Omit<FetchTicket, 'subscriptionId'>>(
      `update tenantry.subscription set fetch_ticket = fetch_ticket + 1 where id = $1
       returning fetch_ticket as ticket, attempts,
         coalesce((select seq from tenantry.subscription_mark where subscription_id = $1), 0) as "markedSeq"`,
      [id],
    ),
  );
  return row && { subscriptionId: id, ...row };
}

/** Locks the subscription for the rest of the transaction; null when a later fetch has already been applied. */
export async function lockForApply(db: Queryable, fetch: FetchTicket): Promise<Subscription | null> {
  return firstRow(
    await db.query<Subscription>(
      `select ${columns} from tenantry.subscription where id = $1 and applied_ticket < $2 for update`,
      [fetch.subscriptionId, fetch.ticket],
    ),
  );
}

export type SubscriptionUpdate = Omit<Subscription, 'id' | 'attempts' | 'createdAt'>;

/** Writes a fetch. Call `settleMarks` after the commit. */
export async function applySubscription(
  db: Queryable,
  fetch: FetchTicket,
  update: SubscriptionUpdate,
): Promise<void> {
  await db.query(
    `update tenantry.subscription set status = $2, customer_id = $3, owner = $4, product = $5, plan = $6, seats = $7,
       current_period_end = $8, cancel_at_period_end = $9, past_due_since = $10, checkout_id = coalesce($11, checkout_id),
       problem = $12, fetched_at = now(), applied_ticket = $13, attempts = 0,
       next_try_at = null
     where id = $1`,
    [
      fetch.subscriptionId,
      update.status,
      update.customerId,
      update.owner,
      update.product,
      update.plan,
      update.seats,
      update.currentPeriodEnd,
      update.cancelAtPeriodEnd,
      update.pastDueSince,
      update.checkoutId,
      update.problem,
      fetch.ticket,
    ],
  );
}

/**
 * Settles the marks that an applied fetch covers, and rings again when newer ones have come. Call it outside of the
 * transaction that applied the fetch, because webhooks wait for the row that this locks.
 */
export async function settleMarks(db: Queryable, fetch: FetchTicket): Promise<void> {
  await db.query('select tenantry.settle_subscription($1, $2)', [fetch.subscriptionId, fetch.markedSeq]);
}

/** Records a failed fetch. The next mark rings again, or the sweep does after `nextTryAt`. */
export async function noteFetchFailure(
  db: Queryable,
  id: string,
  problem: string,
  nextTryAt: Date,
): Promise<void> {
  await db.query(
    `update tenantry.subscription set attempts = attempts + 1, problem = $2, next_try_at = $3 where id = $1`,
    [id, storable(problem), nextTryAt],
  );
  await db.query('update tenantry.subscription_mark set rung_at = null where subscription_id = $1', [id]);
}

/**
 * Lists subscriptions with unsettled marks whose waiting time is over.
 * @param at defaults to the database's time
 */
export async function listDirtySubscriptions(
  db: Queryable,
  limit: number,
  at: Date | null = null,
): Promise<string[]> {
  const result = await db.query<{ id: string }>(
    `select id from tenantry.subscription join tenantry.subscription_mark on subscription_id = id
     where seq > settled_seq and (next_try_at is null or next_try_at <= coalesce($2, now())) order by id limit $1`,
    [limit, at],
  );
  return result.rows.map((row) => row.id);
}

/**
 * Lists subscriptions that have been past due for longer than the grace period and whose tenants still run.
 * @param at defaults to the database's time
 */
export async function listGraceExpired(
  db: Queryable,
  graceMs: number,
  limit: number,
  at: Date | null = null,
): Promise<string[]> {
  const result = await db.query<{ id: string }>(
    `select s.id from tenantry.subscription s join tenantry.tenant t on t.subscription_id = s.id
     where s.past_due_since <= coalesce($3, now()) - $1 * interval '1 ms' and t.desired_state = 'active' limit $2`,
    [graceMs, limit, at],
  );
  return result.rows.map((row) => row.id);
}

/** What the sweep compares with Stripe's list. */
export type KnownSubscription = Pick<
  Subscription,
  'id' | 'status' | 'plan' | 'seats' | 'cancelAtPeriodEnd' | 'currentPeriodEnd'
>;

export async function listKnownSubscriptions(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, KnownSubscription>> {
  const result = await db.query<KnownSubscription>(
    `select id, status, product || ':' || plan as plan, seats, cancel_at_period_end as "cancelAtPeriodEnd",
       current_period_end as "currentPeriodEnd"
     from tenantry.subscription where id = any($1)`,
    [ids],
  );
  return new Map(result.rows.map((row) => [row.id, row]));
}
