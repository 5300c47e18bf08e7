import type { Database } from '../store/database.ts';
import type { Work } from '../work/index.ts';
import { expireReservations } from './settle.ts';

/** Most reservations that one sweep ends; the next one takes the rest. */
const batch = 500;

/** Expires the reservations that nobody ends. */
export function entitlementsWork(database: Database, now: () => Date): Work {
  return {
    sweep: { shared: { expireReservations: () => expireReservations(database, now(), batch) } },
  };
}
