import pg from 'pg';
import type { Queryable } from '../store/database.ts';
import { applyToLedger, type LedgerOperation, type LedgerResult } from './book.ts';

/** Books operations. Those that arrive together share a transaction. */
export interface LedgerWriter {
  /** Resolves once the outcome is durable. @throws what prevented the booking; repeating it is safe */
  book(operation: LedgerOperation): Promise<LedgerResult>;
}

interface Waiting {
  readonly operation: LedgerOperation;
  readonly resolve: (result: LedgerResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Most operations in one transaction: the next operation of one of its tenants waits for all of them. */
const batchSize = 64;

/**
 * Most transactions at once. More than one, so that a transaction that waits for a tenant does not delay all others.
 */
const maxWriters = 4;

/**
 * Makes a writer on a database. A tenant's credits are locked until the commit is on the disk, so operations on one
 * tenant can only be faster than the disk when they share a commit. A lone operation never waits for company.
 */
export function createLedgerWriter(db: Queryable): LedgerWriter {
  const waiting: Waiting[] = [];
  /** Tenants of transactions under way. Another transaction with one of them would only wait, and delay the rest in it. */
  const busy = new Set<string>();
  let writers = 0;

  function write(): void {
    while (writers < maxWriters) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      const tenants = new Set(batch.map(({ operation }) => operation.tenant));
      for (const tenant of tenants) busy.add(tenant);
      writers += 1;
      void store(db, batch).finally(() => {
        writers -= 1;
        for (const tenant of tenants) busy.delete(tenant);
        write();
      });
    }
  }

  /** Takes the oldest operations whose tenants are not busy; those of one tenant in order of arrival. */
  function nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    for (const one of waiting) {
      const takes = batch.length < batchSize && !busy.has(one.operation.tenant);
      (takes ? batch : rest).push(one);
    }
    waiting.splice(0, waiting.length, ...rest);
    return batch;
  }

  let scheduled = false;
  return {
    book: (operation) =>
      new Promise((resolve, reject) => {
        waiting.push({ operation, resolve, reject });
        if (scheduled) return;
        scheduled = true;
        // Operations of the same turn of the event loop go together.
        setImmediate(() => {
          scheduled = false;
          write();
        });
      }),
  };
}

/** Never rejects: settles the promise of each operation instead. */
async function store(db: Queryable, batch: readonly Waiting[]): Promise<void> {
  try {
    const results = await applyToLedger(
      db,
      batch.map(({ operation }) => operation),
    );
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result) resolve(result);
      else reject(new Error('an operation of the ledger has no outcome'));
    }
  } catch (error) {
    if (batch.length > 1 && isAboutOneOperation(error)) {
      for (const one of batch) await store(db, [one]);
    } else {
      for (const { reject } of batch) reject(error);
    }
  }
}

/**
 * True when PostgreSQL refused one operation's content (classes data, constraint, raised): the others may succeed without it.
 */
function isAboutOneOperation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22|23|P0)/.test(error.code ?? '');
}
