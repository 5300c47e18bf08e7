import type { Database } from '../store/database.ts';
import type { Work } from '../work/index.ts';
import { expireReservations } from './settle.ts';

/** Reservations that one sweep ends at most; the next sweep takes the rest. */
const batch = 500;

/** The end of reservations that nobody ends. */
export function entitlementsWork(database: Database, now: () => Date): Work {
  return {
    sweep: { shared: { expireReservations: () => expireReservations(database, now(), batch) } },
  };
}
