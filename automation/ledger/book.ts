import { onlyRow, type Queryable } from '../store/database.ts';

/** One change of a tenant's credits; `cause` names its reason, and each kind of operation is booked once per cause. */
export type LedgerOperation =
  | {
      readonly op: 'hold';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** Returned by itself after this time. */
      readonly until: Date;
    }
  | {
      readonly op: 'capture';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** Cause of the hold that pays for it; without one, the balance pays. */
      readonly hold?: string;
      /** The work is already done: takes what there is and records the rest as overshoot instead of refusing. */
      readonly metered?: boolean;
      /** Returns the rest of the hold. Default true. */
      readonly final?: boolean;
    }
  | { readonly op: 'release'; readonly tenant: string; readonly cause: string; readonly hold: string }
  | {
      readonly op: 'top_up';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** The remaining credits expire then; null is never. */
      readonly until: Date | null;
    };

export type LedgerOutcome =
  | 'done'
  /** The cause was already booked, for the same; nothing changed. */
  | 'repeated'
  /** The cause was already booked, for something else. */
  | 'conflict'
  | 'insufficient'
  | 'no_hold'
  | 'hold_closed'
  | 'exceeds_hold'
  | 'overflow';

export interface LedgerResult {
  readonly outcome: LedgerOutcome;
  /** What the cause has moved. */
  readonly amount: number;
  /** The part that no balance covered. */
  readonly overshoot: number;
  readonly holdId: number | null;
  /** The tenant's balance afterwards. */
  readonly available: number;
  readonly held: number;
}

/**
 * Does operations in one transaction, each once by its cause, and answers each in order. An operation that is
 * impossible has an outcome that says so and does not affect the others.
 * @param at what counts as expired; default: the database's time
 */
export async function applyToLedger(
  db: Queryable,
  operations: readonly LedgerOperation[],
  at: Date | null = null,
): Promise<LedgerResult[]> {
  const { rows } = await db.query<LedgerResult>(
    `select (result).outcome, (result).amount, (result).overshoot, (result).hold_id as "holdId", (result).available,
       (result).held
     from tenantry.ledger_apply($1::jsonb, coalesce($2, clock_timestamp())) order by pos`,
    [JSON.stringify(operations), at],
  );
  return rows;
}

/** Does one operation; see `applyToLedger`. */
export async function operateLedger(
  db: Queryable,
  operation: LedgerOperation,
  at: Date | null = null,
): Promise<LedgerResult> {
  const [result] = await applyToLedger(db, [operation], at);
  if (!result) throw new Error('an operation of the ledger has no outcome');
  return result;
}

/** What a paid period gives, see `creditsOf`. */
export interface CreditGrant {
  /** Names it for ever: the invoice that paid. */
  readonly cause: string;
  /** 0 ends what was left of earlier periods. */
  readonly amount: number;
  /** Adds to what is left of the period's credits instead of starting over. */
  readonly adds: boolean;
  /** Lots are spent in the order of this time. */
  readonly spendBy: Date | null;
}

/** Books a grant once by its cause; false when it was booked before. */
export async function grantCredits(db: Queryable, tenantId: string, grant: CreditGrant): Promise<boolean> {
  const row = onlyRow(
    await db.query<{ fresh: boolean }>('select tenantry.ledger_grant($1, $2, $3, $4, $5) as fresh', [
      tenantId,
      grant.cause,
      grant.amount,
      grant.adds,
      grant.spendBy,
    ]),
  );
  return row.fresh;
}

/**
 * Returns expired holds and ends expired lots.
 * @returns how many, at most `limit`
 */
export async function expireCredits(db: Queryable, at: Date, limit: number): Promise<number> {
  const row = onlyRow(
    await db.query<{ ended: number }>('select tenantry.ledger_expire($1, $2) as ended', [at, limit]),
  );
  return row.ended;
}
