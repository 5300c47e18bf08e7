import pg from 'pg';
import type { Queryable } from '../../store/database.ts';
import { type ReceivedEvent, receiveEvents } from './received-events.ts';

/** Receives events. Those that arrive together share a transaction. */
export interface Inbox {
  /**
   * Resolves once the event is durable; false for a duplicate.
   * @throws when it could not be stored; the sender must send it again
   */
  receive(event: ReceivedEvent): Promise<boolean>;
}

interface Waiting {
  readonly event: ReceivedEvent;
  readonly resolve: (fresh: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Most events of one transaction. */
const batchSize = 100;

/** Least time between the starts of two transactions: a lone event never waits, many share a commit. */
const intervalMs = 10;

/** Most transactions at once. More than one, so that a hanging one does not delay all others. */
const maxWriters = 3;

/**
 * Commits that notify wait for each other, including the disk, so events that arrive faster than that are committed
 * together.
 */
export function createInbox(db: Queryable): Inbox {
  const waiting: Waiting[] = [];
  let writers = 0;
  let lastBegunAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  function writeSoon(): void {
    if (timer || writers >= maxWriters || waiting.length === 0) return;
    const restMs = lastBegunAt + intervalMs - performance.now();
    if (restMs <= 0) {
      write();
      return;
    }
    timer = setTimeout(() => {
      timer = null;
      write();
    }, restMs);
  }

  function write(): void {
    lastBegunAt = performance.now();
    writers += 1;
    void store(db, waiting.splice(0, batchSize)).finally(() => {
      writers -= 1;
      writeSoon();
    });
    writeSoon();
  }

  return {
    receive: (event) =>
      new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject });
        writeSoon();
      }),
  };
}

/** Never rejects: settles the promise of each event instead. */
async function store(db: Queryable, batch: readonly Waiting[]): Promise<void> {
  try {
    const fresh = await receiveEvents(
      db,
      batch.map(({ event }) => event),
    );
    // When a batch has two deliveries of one event, only the first is new.
    for (const { event, resolve } of batch) resolve(fresh.delete(event.id));
  } catch (error) {
    if (batch.length > 1 && isAboutOneEvent(error)) {
      // One after the other, to leave connections to others.
      for (const one of batch) await store(db, [one]);
    } else {
      for (const { reject } of batch) reject(error);
    }
  }
}

/**
 * True when PostgreSQL refused something in one event (error classes data, constraint, limit), so that the others may
 * succeed without it. Any other error would hit each of them, too.
 */
function isAboutOneEvent(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22|23|54)/.test(error.code ?? '');
}
