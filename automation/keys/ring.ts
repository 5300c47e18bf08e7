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
  /** Drops the key from this process's cache; all keys when null. */
  forget(id: string | null): void;
  /** Writes the last uses that are still pending. */
  close(): Promise<void>;
}

/** How long a process that cannot hear of it may still accept a key that has ended. */
const trustMs = 5_000;
const noteEveryMs = 60_000;
/** Limits the cache, which also holds unknown ids: guessing many must not fill the memory. */
const mostRemembered = 10_000;

type Found = Awaited<ReturnType<typeof findForVerification>>;

/**
 * Caches each key for five seconds: a hit costs one digest, a miss one query by primary key as well. Writes last uses once
 * a minute, in one statement.
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
    // Do not cache a failure: the next request asks the database again.
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
    forget: (id) => (id === null ? remembered.clear() : remembered.delete(id)),
    close: async () => {
      clearInterval(timer);
      await writeUses();
    },
  };
}
