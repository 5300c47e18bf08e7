import type { Queryable } from './database.ts';

/** Asks for work that only one process may do at a time. */
export interface Turn {
  readonly name: string;
  readonly holder: string;
  /** How long others wait for a holder that has stopped. */
  readonly ttlMs: number;
}

/**
 * Does the work unless another process is doing it. A holder that was paused for longer than `ttlMs` may meet the next one,
 * so the work must be safe to do twice at once.
 * @returns what the work returned, or null when another process is doing it
 */
export async function withTurn<T>(db: Queryable, turn: Turn, work: () => Promise<T>): Promise<T | null> {
  if (!(await takeTurn(db, turn))) return null;
  // A turn that cannot be renewed expires, which is safe. The next renewal may succeed.
  const renewal = setInterval(() => void prolongTurn(db, turn).catch(() => {}), turn.ttlMs / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await giveTurnBack(db, turn);
  }
}

/**
 * Locks the turn for the rest of the transaction, so that nobody takes it over before the commit.
 * @throws TurnLost
 */
export async function inTurn(client: Queryable, { name, holder }: Turn): Promise<void> {
  const held = await client.query(
    'select from tenantry.turn where name = $1 and holder = $2 and expires_at > clock_timestamp() for share',
    [name, holder],
  );
  if (held.rowCount !== 1) throw new TurnLost(name);
}

/** A former holder tried to write. */
export class TurnLost extends Error {
  constructor(name: string) {
    super(`the turn ${name} was lost`);
    this.name = 'TurnLost';
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
