import Stripe from 'stripe';
import type { Database } from '../store/database.ts';
import { decimalOf } from './amounts.ts';
import { periodEndMs } from './roll-up.ts';
import { dayMs, hourMs, startOfDay } from './time.ts';
import {
  beginPart,
  findOpenPart,
  listCancellable,
  listOpenParts,
  listReportable,
  markCancelled,
  markRefused,
  markSent,
  type Reportable,
  type ReportPart,
  sumSent,
} from './usage-reports.ts';

/**
 * Reports usage to Stripe's meters.
 *
 * A day is reported once it has been over for an hour. Late usage makes another event with the difference, so an event's
 * figure never changes. Each event is a row before it is sent, and its identifier stays the same when it is sent again
 * after a crash. Stripe refuses an identifier that it knows, which proves that the event had arrived; but it remembers for
 * 24 hours only, so an event whose fate has been unknown for longer is first looked up in the meter's own sums. Surplus
 * events are cancelled, which Stripe accepts for 24 hours after it received them; then the right figure is sent.
 */

export interface Reporting {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly now: () => Date;
  readonly onError: (error: unknown, of: Pick<Reportable, 'tenantId' | 'day' | 'dimension'>) => void;
  /** Stops reporting after the events under way. */
  readonly signal?: AbortSignal;
}

/** How long after midnight a day is reported, so that slightly late usage is included. */
export const settleMs = hourMs;
/** Stripe recognises identifiers and cancels events for 24 hours; we do not rely on the last of them. */
const correctionMs = dayMs - hourMs;
/** Stripe refuses events about older use. */
const oldestMs = 35 * dayMs;

const pageSize = 500;
/** Stripe accepts one call at a time per customer and meter; a tenant's calls take turns. */
const tenantsAtOnce = 8;

export interface ReportResult {
  readonly sent: number;
  readonly cancelled: number;
  readonly failed: number;
}

/** Reports everything that is due. May run several times at once and be stopped at any point. */
export async function reportUsage(reporting: Reporting): Promise<ReportResult> {
  const { database, now } = reporting;
  const at = now();
  const result = { sent: 0, cancelled: 0, failed: 0 };
  let after: Reportable | null = null;
  for (;;) {
    const page: Reportable[] = await listReportable(database, {
      endedBefore: new Date(at.getTime() - settleMs),
      now: at,
      periodEndsBefore: new Date(at.getTime() + periodEndMs),
      after,
      limit: pageSize,
    });
    const customers = Map.groupBy(page, ({ customerId }) => customerId);
    const queue = [...customers.entries()];
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [customerId, days] = next;
        if (customerId === null) continue;
        for (const day of days) {
          if (reporting.signal?.aborted) return;
          try {
            const done = await settle(reporting, { ...day, customerId });
            result.sent += done.sent;
            result.cancelled += done.cancelled;
          } catch (error) {
            result.failed += 1;
            reporting.onError(error, day);
          }
        }
      }
    };
    await Promise.all(Array.from({ length: tenantsAtOnce }, worker));
    after = page.at(-1) ?? null;
    if (page.length < pageSize || reporting.signal?.aborted) return result;
  }
}

type Due = Reportable & { readonly customerId: string };

/** Makes Stripe's figure of one day and dimension equal to ours. */
async function settle(reporting: Reporting, due: Due): Promise<{ sent: number; cancelled: number }> {
  const { database, now } = reporting;
  const done = { sent: 0, cancelled: 0 };
  const open = await findOpenPart(database, due);
  if (open) {
    await finish(reporting, open);
    done.sent += 1;
  }
  if (due.microUnits < due.reported) {
    const since = new Date(now().getTime() - correctionMs);
    let reported = due.reported;
    for (const part of await listCancellable(database, due, since)) {
      if (reported <= due.microUnits) break;
      await cancel(reporting, part);
      reported -= part.microUnits;
      done.cancelled += 1;
    }
  }
  const part = await beginPart(database, due, {
    customerId: due.customerId,
    usedAt: usedAt(due, now()),
    at: now(),
  });
  if (part) {
    await finish(reporting, part);
    done.sent += 1;
  }
  return done;
}

/**
 * When Stripe is told that a day's use happened: at the day's end, which comes after the beginning of a subscription made
 * on that day; for today now, which comes before the end of the paid period.
 */
export function usedAt({ day, periodEnd }: Pick<Reportable, 'day' | 'periodEnd'>, now: Date): Date {
  const end = startOfDay(day).getTime() + dayMs - 1000;
  const latest = periodEnd ? Math.min(now.getTime(), periodEnd.getTime() - 1000) : end;
  return new Date(Math.floor(Math.min(end, latest) / 1000) * 1000);
}

/** Sends an event unless Stripe has it, and records it. */
async function finish(reporting: Reporting, part: ReportPart): Promise<void> {
  const { database, now } = reporting;
  const ageMs = now().getTime() - part.firstTriedAt.getTime();
  const forgotten = ageMs > correctionMs;
  if (!forgotten || !(await hasArrived(reporting, part))) {
    if (now().getTime() - part.usedAt.getTime() > oldestMs) {
      await markRefused(database, part, 'Stripe accepts no use that is older than 35 days');
      throw new Error('it is older than the 35 days that Stripe accepts');
    }
    await send(reporting, part);
  }
  await database.transaction((client) => markSent(client, part, now()));
}

async function send({ database, stripe }: Reporting, part: ReportPart): Promise<void> {
  try {
    await stripe.billing.meterEvents.create({
      event_name: part.dimension,
      identifier: part.identifier,
      timestamp: part.usedAt.getTime() / 1000,
      payload: { stripe_customer_id: part.customerId, value: decimalOf(part.microUnits) },
    });
  } catch (error) {
    if (isKnownIdentifier(error)) return;
    if (error instanceof Stripe.errors.StripeInvalidRequestError)
      await markRefused(database, part, error.message);
    throw error;
  }
}

/** True when Stripe already has an event with this identifier, from an earlier try of ours. */
export function isKnownIdentifier(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    (error.code === 'duplicate_meter_event' || /already exists with identifier/i.test(error.message))
  );
}

/**
 * Whether the meter's own sum of the customer's day includes the event. For when Stripe no longer knows its identifier.
 * @throws when no subset of the uncertain events explains the sum: a person must look into it
 */
async function hasArrived({ database, stripe }: Reporting, part: ReportPart): Promise<boolean> {
  const start = startOfDay(part.day).getTime() / 1000;
  for await (const meter of stripe.billing.meters.list({ status: 'active', limit: 100 })) {
    if (meter.event_name !== part.dimension) continue;
    let counted = 0;
    const summaries = stripe.billing.meters.listEventSummaries(meter.id, {
      customer: part.customerId,
      start_time: start,
      end_time: start + dayMs / 1000,
    });
    for await (const summary of summaries) counted += summary.aggregated_value;
    // Stripe's sums are doubles, ours are exact; they differ by far less than a millionth.
    const unexplained = Math.round(counted * 1e6) - (await sumSent(database, part));
    const open = await listOpenParts(database, part);
    const arrived = explain(
      open.map(({ microUnits }) => microUnits),
      unexplained,
    );
    if (!arrived)
      throw new Error(
        `what was sent does not explain the meter's sum of ${part.customerId} for ${part.day}: ${decimalOf(unexplained)} beyond it`,
      );
    return arrived[open.findIndex(({ identifier }) => identifier === part.identifier)] ?? false;
  }
  return false;
}

/** A person must sort out more uncertain events of one customer, meter and day than this. */
const mostOpen = 12;

/** Finds which of the amounts add up to the sum, and so have arrived; null when no subset does. */
export function explain(amounts: readonly number[], sum: number): readonly boolean[] | null {
  if (amounts.length > mostOpen) return null;
  for (let choice = 0; choice < 2 ** amounts.length; choice += 1) {
    const chosen = amounts.map((_, index) => Math.floor(choice / 2 ** index) % 2 === 1);
    const total = amounts.reduce((part, amount, index) => part + (chosen[index] ? amount : 0), 0);
    if (total === sum) return chosen;
  }
  return null;
}

async function cancel({ database, stripe, now }: Reporting, part: ReportPart): Promise<void> {
  await stripe.billing.meterEventAdjustments.create({
    event_name: part.dimension,
    type: 'cancel',
    cancel: { identifier: part.identifier },
  });
  await database.transaction((client) => markCancelled(client, part, now()));
}
