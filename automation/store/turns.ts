import type { Queryable } from './database.ts';

/** A kind of work for one process at a time, and who asks for it. */
export interface Turn {
  readonly name: string;
  readonly holder: string;
  /** How long others wait for a holder that has stopped, in milliseconds. */
  readonly ttlMs: number;
}

/**
 * Does the work unless another process is at it. A holder that was stopped for longer than its time and wakes late may
 * meet the next one: the work must bear being done twice at once.
 * @returns what the work gave, or null when somebody else is at it
 */
export async function withTurn<T>(db: Queryable, turn: Turn, work: () => Promise<T>): Promise<T | null> {
  if (!(await takeTurn(db, turn))) return null;
  // One that cannot be prolonged runs out, which is safe; the next renewal may do better.
  const renewal = setInterval(() => void prolongTurn(db, turn).catch(() => {}), turn.ttlMs / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await giveTurnBack(db, turn);
  }
}

async function takeTurn(db: Queryable, { name, holder, ttlMs }: Turn): Promise<boolean> {
  const taken = await db.query(
    `insert into tenantry.turn as held (name, holder, expires_at)
     values ($1, $2, clock_timestamp() + $3 * interval '1 ms')
     on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
       where held.expires_at < clock_timestamp()`,
    [name, holder, ttlMs],
  );
  return taken.rowCount === 1;
}

async function prolongTurn(db: Queryable, { name, holder, ttlMs }: Turn): Promise<void> {
  await db.query(
    `update tenantry.turn set expires_at = clock_timestamp() + $3 * interval '1 ms'
     where name = $1 and holder = $2 and expires_at > clock_timestamp()`,
    [name, holder, ttlMs],
  );
}

async function giveTurnBack(db: Queryable, { name, holder }: Turn): Promise<void> {
  await db.query('delete from tenantry.turn where name = $1 and holder = $2', [name, holder]);
}
