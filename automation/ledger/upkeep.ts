import { inbox } from '../../tenants/catalog/inbox.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import type { Database } from '../store/database.ts';
import { markSubscription } from '../store/subscriptions.ts';
import { expireCredits } from './book.ts';
import { ringDoubtfulBrakes } from './brake-rows.ts';
import { monthOf } from './budget.ts';
import { deleteCostsBefore, releaseStaleReservations } from './budget-rows.ts';
import { listUngranted } from './read.ts';

/** Rows that one kind of upkeep takes at once; the next sweep takes the rest. */
const batch = 1000;

/** An API call that was admitted and not settled for so long gives back what was set aside for it. */
const reservationMs = 3_600_000;

const costRetentionMs = (inbox.figures.apiUsageRetentionDays ?? 90) * 24 * 3_600_000;

/** Subscriptions that one sweep has fetched because nothing was given for their period: each costs two calls of Stripe. */
const ungrantedBatch = 50;

const productsOnCredits = catalog
  .filter(({ figures }) => figures.creditsPerSession !== undefined)
  .map(({ id }) => id);

/**
 * What becomes due by itself: holds and lots that end, forgotten reservations, old calls, brakes that a new month frees.
 * And what no webhook may have told: an invoice is paid an hour after its period has begun, which changes nothing that
 * Stripe's list of subscriptions would show.
 */
export async function keepLedger(database: Database, now: Date): Promise<void> {
  await expireCredits(database, now, batch);
  await releaseStaleReservations(database, new Date(now.getTime() - reservationMs), batch);
  await deleteCostsBefore(database, new Date(now.getTime() - costRetentionMs), batch);
  for (const id of await listUngranted(database, productsOnCredits, ungrantedBatch))
    await markSubscription(database, id);
  await ringDoubtfulBrakes(database, monthOf(now), batch);
}
