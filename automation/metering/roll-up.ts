import { reportSpend } from '../ledger/index.ts';
import type { Database } from '../store/database.ts';
import { prices, termsOf } from './dimensions.ts';
import { sampledDimensions } from './limits.ts';
import { tellLimits } from './tell-limits.ts';
import { dayOf, hourOf, monthNamed, slotMs } from './time.ts';
import {
  listUrgentTenants,
  listUsedDimensions,
  raiseSpends,
  readMonthSpend,
  rollUpDay,
  rollUpHour,
  takeStaleHour,
} from './usage-roll-up.ts';

/** At most this many tenants' meters are held to their limits in one transaction. */
const toldTogether = 500;

/** This long before the end of a paid period, its tenant's use is rolled up with every sample. */
export const periodEndMs = 3 * slotMs;

/**
 * Rolls up the hours that have ended, and again those with late samples. Each hour has its own transaction, so that an
 * interruption repeats at most one.
 * @returns how many hours
 */
export async function rollUpHours(database: Database, now: Date): Promise<number> {
  let hours = 0;
  const days = new Set<string>();
  for (;;) {
    const hour = await database.transaction(async (client) => {
      const taken = await takeStaleHour(client, now);
      if (!taken) return null;
      await rollUpHour(client, taken);
      const day = dayOf(taken);
      await rollUpDay(client, day, termsOf(monthNamed(day)));
      return taken;
    });
    if (!hour) break;
    hours += 1;
    days.add(dayOf(hour));
  }
  for (const month of new Set([...days].map((day) => day.slice(0, 7)))) {
    await tellSpends(database, month, now);
    await tellSampled(database, month);
  }
  return hours;
}

/**
 * Rolls up the present hour for the few tenants that cannot wait: those with a spend limit, so that the brake sees every
 * sample, and those whose paid period is about to end, so that its invoice has the last use.
 */
export async function rollUpUrgent(database: Database, now: Date): Promise<void> {
  const tenants = await listUrgentTenants(database, {
    from: now,
    until: new Date(now.getTime() + periodEndMs),
  });
  if (tenants.length === 0) return;
  const ids = tenants.map(({ id }) => id);
  const hour = hourOf(now);
  const day = dayOf(now);
  const month = monthNamed(day);
  await database.transaction(async (client) => {
    await rollUpHour(client, hour, ids);
    await rollUpDay(client, day, termsOf(month), ids);
  });
  const limited = tenants.filter((tenant) => tenant.limited).map(({ id }) => id);
  for (const { tenantId, product, plan, micros } of await readMonthSpend(database, month, prices(), limited))
    await reportSpend(database, { id: tenantId, product, plan }, now, micros);
}

/** Records the month's charges so far: through the brake where there is a limit, else only as a figure. */
async function tellSpends(database: Database, monthId: string, now: Date): Promise<void> {
  const month = monthNamed(monthId);
  const urgent = await listUrgentTenants(database, { from: now, until: now });
  const limited = new Set(urgent.filter((tenant) => tenant.limited).map(({ id }) => id));
  const spends = await readMonthSpend(database, month, prices(), null);
  // A past month needs only its figure: it must not brake today.
  const isNow = dayOf(now).startsWith(month.id);
  const told = spends.filter(({ tenantId }) => isNow && limited.has(tenantId));
  for (const { tenantId, product, plan, micros } of told)
    await reportSpend(database, { id: tenantId, product, plan }, now, micros);
  await raiseSpends(
    database,
    month.firstDay,
    spends.filter(({ tenantId }) => !(isNow && limited.has(tenantId))),
  );
}

/** Notifies tenants whose limits count what is sampled. Their use is known once it is rolled up. */
async function tellSampled(database: Database, monthId: string): Promise<void> {
  const month = monthNamed(monthId);
  const dimensions = [...sampledDimensions()];
  if (dimensions.length === 0) return;
  const used = await listUsedDimensions(database, month, dimensions);
  for (let from = 0; from < used.length; from += toldTogether)
    await database.transaction((client) => tellLimits(client, month, used.slice(from, from + toldTogether)));
}
