import { firstRow, onlyRow, type Queryable } from '../store/database.ts';
import { numberKey, type Page, pageQuery } from '../store/pages.ts';

export interface CreditBalance {
  /** For new work. */
  readonly available: number;
  /** By running work. */
  readonly held: number;
  /** What work has ever used beyond its balance. */
  readonly overshoot: number;
}

/** Reads a tenant's present credits; null when nothing has ever been booked for it. */
export async function readBalance(
  db: Queryable,
  tenantId: string,
  at: Date | null = null,
): Promise<CreditBalance | null> {
  return firstRow(
    await db.query<CreditBalance>(
      'select * from tenantry.ledger_balance($1, coalesce($2, clock_timestamp()))',
      [tenantId, at],
    ),
  );
}

/** True once the tenant has been granted credits, even if it has spent them. */
export async function wasEverGranted(db: Queryable, tenantId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from tenantry.ledger_account where tenant_id = $1 and kind in ('plan', 'top_up') limit 1`,
    [tenantId],
  );
  return rowCount === 1;
}

/** A paid period's or a top-up's credits, and what is left of them. */
export interface CreditLot {
  readonly kind: 'plan' | 'top_up';
  readonly cause: string;
  readonly remaining: number;
  readonly spendBy: Date | null;
  readonly expiresAt: Date | null;
}

/** A tenant's open lots, in the order of spending. */
export async function listLots(db: Queryable, tenantId: string): Promise<CreditLot[]> {
  const { rows } = await db.query<CreditLot>(
    `select kind, cause, balance as remaining, spend_by as "spendBy", expires_at as "expiresAt"
     from tenantry.ledger_account
     where tenant_id = $1 and kind in ('plan', 'top_up') and not closed
       and (expires_at is null or expires_at > clock_timestamp())
     order by coalesce(expires_at, spend_by) nulls last, id`,
    [tenantId],
  );
  return rows;
}

export interface LedgerEntry {
  readonly id: number;
  readonly at: Date;
  readonly kind: 'grant' | 'top_up' | 'hold' | 'capture' | 'release' | 'expiry' | 'overshoot';
  readonly cause: string;
  readonly amount: number;
  /** Kinds of the accounts between which it moved the amount. */
  readonly from: string;
  readonly to: string;
}

const order = { id: numberKey('e.id'), by: { id: numberKey('e.id') } };

/** Lists a tenant's entries. */
export async function listEntries(
  db: Queryable,
  tenantId: string,
  filter: {
    readonly kind?: LedgerEntry['kind'] | undefined;
    /** A part of the cause, in any case. */
    readonly q?: string | undefined;
  },
  page: Page<'id'>,
): Promise<LedgerEntry[]> {
  const { rows } = await db.query<LedgerEntry>(
    ...pageQuery(
      `select e.id, e.at, e.kind, e.cause, e.amount, source.kind as "from", target.kind as "to"
       from tenantry.ledger_entry e
       join tenantry.ledger_account source on source.id = e.from_account
       join tenantry.ledger_account target on target.id = e.to_account
       where e.tenant_id = $1 and ($2::text is null or e.kind = $2)
         and ($3::text is null or strpos(lower(e.cause), $3) > 0)`,
      [tenantId, filter.kind ?? null, filter.q?.toLowerCase() ?? null],
      order,
      page,
    ),
  );
  return rows;
}

/** True when the invoice has granted credits to the subscription's tenant. */
export async function isInvoiceGranted(
  db: Queryable,
  subscriptionId: string,
  invoiceId: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from tenantry.ledger_account a join tenantry.tenant t on t.id = a.tenant_id
     where t.subscription_id = $1 and a.kind = 'plan' and a.cause in ('invoice:' || $2, 'invoice:' || $2 || ':change')
     limit 1`,
    [subscriptionId, invoiceId],
  );
  return rowCount === 1;
}

/**
 * Lists subscriptions to products on credits whose present period has granted nothing yet: it may have been paid without
 * our knowledge. Of more than `limit` it picks others each time.
 */
export async function listUngranted(
  db: Queryable,
  products: readonly string[],
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select s.id from tenantry.subscription s join tenantry.tenant t on t.subscription_id = s.id
     where t.product = any($1) and s.status in ('active', 'trialing', 'past_due') and s.current_period_end is not null
       and not exists (select from tenantry.ledger_account a
         where a.tenant_id = t.id and a.kind = 'plan' and a.spend_by >= s.current_period_end)
     order by random() limit $2`,
    [products, limit],
  );
  return rows.map(({ id }) => id);
}

export interface LedgerCheck {
  readonly accounts: number;
  readonly entries: number;
  /** The sum over all accounts: 0 in a correct ledger. */
  readonly total: number;
  /** Accounts whose stored balance is not the sum of their entries. */
  readonly wrong: readonly number[];
  /** Tenants whose open holds do not add up to their held amount. */
  readonly wrongHolds: readonly string[];
}

/** Adds up every entry and compares it with the stored figures. Reads the whole ledger. */
export async function checkLedger(db: Queryable): Promise<LedgerCheck> {
  return onlyRow(
    await db.query<LedgerCheck>(
      `select count(*) as accounts, (select count(*) from tenantry.ledger_entry) as entries,
         coalesce(sum(balance), 0)::bigint as total,
         coalesce(array_agg(id) filter (where kept <> balance), '{}') as wrong,
         array(select a.tenant_id from tenantry.ledger_account a where a.kind = 'held' and a.balance <>
           (select coalesce(sum(h.amount - h.captured - h.released), 0) from tenantry.ledger_hold h
            where h.tenant_id = a.tenant_id)) as "wrongHolds"
       from tenantry.ledger_balance`,
    ),
  );
}
