import type { Queryable } from '../store/database.ts';
import type { Work } from '../work/index.ts';
import { forgetExpiredKeys } from './rows.ts';

/** Most keys that one sweep forgets; the next one takes the rest. */
const batch = 500;

/** Forgets keys that expired long ago. */
export function keysWork(database: Queryable, now: () => Date): Work {
  return {
    sweep: { shared: { forgetExpiredKeys: () => forgetExpiredKeys(database, now(), batch) } },
  };
}
