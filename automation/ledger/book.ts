import { onlyRow, type Queryable } from '../store/database.ts';

/** One change of a tenant's credits; `cause` says what for, and is booked once per kind of operation. */
export type LedgerOperation =
  | {
      readonly op: 'hold';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** Given back by itself after this time. */
      readonly until: Date;
    }
  | {
      readonly op: 'capture';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** Cause of the hold that pays for it; left out, the balance pays. */
      readonly hold?: string;
      /** The work is done already: takes what there is and notes the rest as overshoot instead of refusing. */
      readonly metered?: boolean;
      /** Gives the rest of the hold back. Default true. */
      readonly final?: boolean;
    }
  | { readonly op: 'release'; readonly tenant: string; readonly cause: string; readonly hold: string }
  | {
      readonly op: 'top_up';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** What is left then expires; null is never. */
      readonly until: Date | null;
    };

export type LedgerOutcome =
  | 'done'
  /** The cause was booked before, for the same; nothing changed. */
  | 'repeated'
  /** The cause was booked before, for something else. */
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
  /** How much of it no balance was there for. */
  readonly overshoot: number;
  readonly holdId: number | null;
  /** The tenant's balance afterwards. */
  readonly available: number;
  readonly held: number;
}

/**
 * Does operations in one transaction, each once by its cause, and answers each in the order given. One that cannot be
 * done has an outcome that says so and leaves the others alone.
 * @param at what counts as expired; left out, the time of the database
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
  /** Adds to what is left of the period's credits instead of beginning anew. */
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
 * Gives back holds and ends lots whose time is over.
 * @returns how many, at most `limit`
 */
export async function expireCredits(db: Queryable, at: Date, limit: number): Promise<number> {
  const row = onlyRow(
    await db.query<{ ended: number }>('select tenantry.ledger_expire($1, $2) as ended', [at, limit]),
  );
  return row.ended;
}
