import { onlyRow, type Queryable } from '../store/database.ts';

/** A change of a tenant's credits. Each kind of operation is booked once for each `cause`. */
export type LedgerOperation =
  | {
      readonly op: 'hold';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** The hold is released by itself after this time. */
      readonly until: Date;
    }
  | {
      readonly op: 'capture';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** Cause of the hold that pays for it; when left out, the balance pays. */
      readonly hold?: string;
      /** The work is already done: takes what there is and records the rest as overshoot instead of refusing it. */
      readonly metered?: boolean;
      /** Releases the rest of the hold. Default true. */
      readonly final?: boolean;
    }
  | { readonly op: 'release'; readonly tenant: string; readonly cause: string; readonly hold: string }
  | {
      readonly op: 'top_up';
      readonly tenant: string;
      readonly cause: string;
      readonly amount: number;
      /** When the remaining credits expire; null for never. */
      readonly until: Date | null;
    };

export type LedgerOutcome =
  | 'done'
  /** The same operation was booked before; nothing changed. */
  | 'repeated'
  /** The cause was booked before with other content. */
  | 'conflict'
  | 'insufficient'
  | 'no_hold'
  | 'hold_closed'
  | 'exceeds_hold'
  | 'overflow';

export interface LedgerResult {
  readonly outcome: LedgerOutcome;
  /** How much the operation moved. */
  readonly amount: number;
  /** The part that no balance covered. */
  readonly overshoot: number;
  readonly holdId: number | null;
  /** The tenant's balance afterwards. */
  readonly available: number;
  readonly held: number;
}

/**
 * Does operations in one transaction, each once by its cause, and answers in their order. An impossible operation gets an
 * outcome that says so and does not affect the others.
 * @param at decides what has expired; defaults to the database's time
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

export async function operateLedger(
  db: Queryable,
  operation: LedgerOperation,
  at: Date | null = null,
): Promise<LedgerResult> {
  const [result] = await applyToLedger(db, [operation], at);
  if (!result) throw new Error('an operation of the ledger has no outcome');
  return result;
}

/** The credits that an invoice grants for a paid period. */
export interface CreditGrant {
  /** The invoice that paid; a grant is booked once for each. */
  readonly cause: string;
  /** 0 only ends what earlier periods left. */
  readonly amount: number;
  /** Adds to what is left of the period's credits instead of starting over. */
  readonly adds: boolean;
  /** The lot with the earliest time is spent first. */
  readonly spendBy: Date | null;
}

/** Books a grant once by its cause; false when it has been booked before. */
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
 * Releases expired holds and ends expired lots.
 * @returns how many, at most `limit`
 */
export async function expireCredits(db: Queryable, at: Date, limit: number): Promise<number> {
  const row = onlyRow(
    await db.query<{ ended: number }>('select tenantry.ledger_expire($1, $2) as ended', [at, limit]),
  );
  return row.ended;
}
