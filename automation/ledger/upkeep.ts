import { catalog, platform } from '../../tenants/catalog/index.ts';
import type { Database } from '../store/database.ts';
import { markSubscription } from '../store/subscriptions.ts';
import { expireCredits } from './book.ts';
import { ringDoubtfulBrakes } from './brake-rows.ts';
import { callsKeptDays, monthOf } from './budget.ts';
import { deleteCostsBefore, releaseStaleReservations } from './budget-rows.ts';
import { listUngranted } from './read.ts';

/** Most rows that each kind of upkeep handles in one sweep; the next one continues. */
const batch = 1000;

/** An admitted API call that is not settled for this long loses its reservation. */
const reservationMs = 3_600_000;
const dayMs = 24 * 3_600_000;

/** Most subscriptions without credits that one sweep fetches: each costs two calls to Stripe. */
const ungrantedBatch = 50;

/**
 * Does what becomes due by itself: expired holds and lots, stale reservations, old calls, brakes that a new month releases.
 * Also finds paid invoices that no webhook announced: an invoice is paid an hour after its period has begun, which changes
 * nothing in Stripe's list of subscriptions.
 */
export async function keepLedger(database: Database, now: Date): Promise<void> {
  await expireCredits(database, now, batch);
  await releaseStaleReservations(database, new Date(now.getTime() - reservationMs), batch);
  const daysBefore = (days: number) => new Date(now.getTime() - days * dayMs);
  const kept = catalog.map(({ id }) => ({ product: id, before: daysBefore(callsKeptDays(id)) }));
  await deleteCostsBefore(database, daysBefore(platform.callsKeptDays), kept, batch);
  const onCredits = catalog.filter(({ credits }) => credits !== undefined).map(({ id }) => id);
  for (const id of await listUngranted(database, onCredits, ungrantedBatch))
    await markSubscription(database, id);
  await ringDoubtfulBrakes(database, monthOf(now), batch);
}
