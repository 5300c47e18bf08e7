import type { Logger } from 'pino';
import type { Queryable } from '../store/database.ts';
import { type ApiKey, findForVerification, noteUse } from './rows.ts';
import { parseKey, sameDigest } from './secret.ts';

export type Verdict =
  | { readonly valid: true; readonly key: ApiKey }
  | { readonly valid: false; readonly why: 'unknown' | 'expired' };

/** Verifies the API keys of requests. */
export interface KeyRing {
  verify(text: string): Promise<Verdict>;
  /** Has this process ask the database for the key at its next use. */
  forget(id: string): void;
  /** Writes what is not written yet of the keys' last uses. */
  close(): Promise<void>;
}

/** A process takes a key that another one revoked for so long at most. */
const trustMs = 5_000;
const noteEveryMs = 60_000;
/** Ids that are remembered at once, known or not: whoever tries many must not fill the memory. */
const mostRemembered = 10_000;

type Found = Awaited<ReturnType<typeof findForVerification>>;

/**
 * One query by primary key and one digest for a key that was not seen for five seconds; otherwise the digest alone. Last
 * uses are collected and written once a minute in one statement.
 */
export function createKeyRing(
  db: Queryable,
  log: Logger,
  { now = Date.now, noteUseEveryMs = noteEveryMs }: { now?: () => number; noteUseEveryMs?: number } = {},
): KeyRing {
  const remembered = new Map<string, { readonly found: Promise<Found>; readonly until: number }>();
  const used = new Set<string>();

  const find = (id: string): Promise<Found> => {
    const known = remembered.get(id);
    if (known && known.until > now()) return known.found;
    if (remembered.size >= mostRemembered) remembered.clear();
    const found = findForVerification(db, id);
    remembered.set(id, { found, until: now() + trustMs });
    // A database that was away is asked again by the next request.
    found.catch(() => remembered.delete(id));
    return found;
  };

  const writeUses = async () => {
    const ids = [...used];
    used.clear();
    if (ids.length > 0) await noteUse(db, ids);
  };
  const timer = setInterval(() => {
    writeUses().catch((error: unknown) => log.warn({ error }, 'last uses of API keys could not be written'));
  }, noteUseEveryMs);
  timer.unref();

  return {
    verify: async (text) => {
      const presented = parseKey(text);
      const found = presented && (await find(presented.id));
      if (!found || !sameDigest(presented.sha256, found.sha256)) return { valid: false, why: 'unknown' };
      const { key } = found;
      if (key.expiresAt !== null && key.expiresAt.getTime() <= now()) return { valid: false, why: 'expired' };
      used.add(key.id);
      return { valid: true, key };
    },
    forget: (id) => remembered.delete(id),
    close: async () => {
      clearInterval(timer);
      await writeUses();
    },
  };
}
