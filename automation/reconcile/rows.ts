/** Reads our own tables for the reconciler, page by page in the order of ids. */
import type { Queryable } from '../store/database.ts';
import type { CellTenant } from './compare-cell.ts';
import type { PaidTenant, SubscriptionRecord } from './compare-money.ts';

const pageSize = 2000;

async function* pages<Row extends { readonly id: string }>(
  db: Queryable,
  sql: string,
  parameters: readonly unknown[],
): AsyncGenerator<Row[]> {
  for (let last = ''; ; ) {
    const { rows } = await db.query<Row>(`${sql} limit ${pageSize}`, [last, ...parameters]);
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) return;
    last = rows.at(-1)?.id ?? '';
  }
}

async function all<Row extends { readonly id: string }>(
  db: Queryable,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pages<Row>(db, sql, parameters)) rows.push(...page);
  return rows;
}

/** Tenants of all cells that are not deleted or whose subscription is alive in our records. */
export function readPaidTenants(db: Queryable): Promise<PaidTenant[]> {
  return all(
    db,
    `select id, product, desired_spec->>'plan' as plan, (desired_spec->>'seats')::int as seats,
       subscription_id as "subscriptionId", slot, desired_state as "desiredState", suspend_reason as "suspendReason",
       delete_after as "deleteAfter"
     from tenantry.tenant t
     where id > $1 and (desired_state <> 'deleted' or exists (select from tenantry.subscription s
       where s.id = t.subscription_id and s.status not in ('canceled', 'incomplete_expired')))
     order by id`,
  );
}

/** Subscriptions as last recorded, without ended ones whose tenant has ended, too. */
export function readSubscriptions(db: Queryable): Promise<SubscriptionRecord[]> {
  return all(
    db,
    `select id, status, product, plan, seats, current_period_end as "currentPeriodEnd",
       cancel_at_period_end as "cancelAtPeriodEnd", past_due_since as "pastDueSince", problem,
       coalesce(problem = 'Stripe does not know this subscription', false) as missing
     from tenantry.subscription s
     where id > $1 and (status is null or status not in ('canceled', 'incomplete_expired')
       or exists (select from tenantry.tenant t where t.subscription_id = s.id and t.desired_state <> 'deleted'))
     order by id`,
  );
}

export interface CustomerRow {
  /** The organization's id. */
  readonly id: string;
  readonly customerId: string | null;
}

export function readCustomers(db: Queryable): Promise<CustomerRow[]> {
  return all(
    db,
    `select id, customer_id as "customerId" from tenantry.organization where id > $1 order by id`,
  );
}

/** Tenants of a cell that are not deleted. */
export function readCellTenants(db: Queryable, cell: string): Promise<Omit<CellTenant, 'interrupted'>[]> {
  return all(
    db,
    `select id, product, desired_spec->>'plan' as plan, slot, namespace, desired_state as "desiredState",
       observed_state as "observedState", observed_generation = desired_generation and not unsettled as settled,
       permanent, attempts, next_try_at as "nextTryAt", reason_code as "reasonCode", updated_at as "updatedAt",
       nullif(outputs->'database', 'null') as database, outputs->'database'->>'server' as "databaseServer",
       array(select (o->>'kind') || '/' || (o->>'name')
         from jsonb_array_elements(coalesce(outputs->'objects', '[]')) o where o->>'namespace' is not null) as objects
     from tenantry.tenant where id > $1 and cell = $2 and phase <> 'deleted' order by id`,
    [cell],
  );
}

/** Ids of reserved stacks, without those that have just been added. */
export async function readReserved(
  db: Queryable,
  cell: string,
  before: Date,
): Promise<{ id: string; old: boolean }[]> {
  return all(
    db,
    `select tenant_id as id, created_at < $3 as old from tenantry.reserved_stack
     where tenant_id > $1 and cell = $2 order by tenant_id`,
    [cell, before],
  );
}

/** Expired leases of a cell's tenants. */
export async function readSpentLeases(
  db: Queryable,
  cell: string,
): Promise<{ id: string; expiredAt: Date }[]> {
  return all(
    db,
    `select l.tenant_id as id, l.expires_at as "expiredAt" from tenantry.lease l join tenantry.tenant t on t.id = l.tenant_id
     where l.tenant_id > $1 and t.cell = $2 and l.expires_at < clock_timestamp() order by l.tenant_id`,
    [cell],
  );
}

/**
 * Tenants that a job or a person is working on or has changed within a time, by the database's clock.
 * @param withinMs how far back
 */
export async function readBusyTenants(db: Queryable, withinMs: number): Promise<Set<string>> {
  const rows = await all<{ id: string }>(
    db,
    `select id from tenantry.tenant t
     where id > $1 and (updated_at > clock_timestamp() - $2 * interval '1 ms'
       or exists (select from tenantry.lease l where l.tenant_id = t.id and l.expires_at > clock_timestamp()))
     order by id`,
    [withinMs],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Marked subscriptions, and those with an event within this time. */
export async function readBusySubscriptions(db: Queryable, withinMs: number): Promise<Set<string>> {
  const rows = await all<{ id: string }>(
    db,
    `select id from (
       select subscription_id as id from tenantry.subscription_mark where seq > settled_seq
       union select subscription_id from tenantry.stripe_event
         where subscription_id is not null and received_at > clock_timestamp() - $2 * interval '1 ms'
       union select id from tenantry.subscription where fetched_at > clock_timestamp() - $2 * interval '1 ms') busy
     where id > $1 order by id`,
    [withinMs],
  );
  return new Set(rows.map(({ id }) => id));
}
