import { reportSpend } from '../ledger/index.ts';
import { emit } from '../notify/index.ts';
import { record } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { prices, termsOf } from './dimensions.ts';
import { limitRows, noticePercents, noticesDue, noticeText, overagePercent } from './limits.ts';
import { dayOf, hourOf, monthNamed, slotMs } from './time.ts';
import {
  insertAlert,
  listNearLimits,
  listUrgentTenants,
  raiseSpends,
  readMonthSpend,
  rollUpDay,
  rollUpHour,
  takeStaleHour,
} from './usage-roll-up.ts';

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
    await tellLimits(database, month);
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

/**
 * Notifies tenants that approach, reach or exceed a limit of their plan: once a month for each share, and only of the
 * highest when several are due at once.
 */
async function tellLimits(database: Database, monthId: string): Promise<void> {
  const month = monthNamed(monthId);
  const [lowest] = noticePercents;
  for (const use of await listNearLimits(database, month, limitRows(), lowest)) {
    const { tenantId, product, limitId, usedMicroUnits, limitMicroUnits } = use;
    await database.transaction(async (client) => {
      const due: number[] = [];
      for (const percent of noticesDue(usedMicroUnits, limitMicroUnits))
        if (await insertAlert(client, { tenantId, month: month.firstDay, limitId, percent }))
          due.push(percent);
      const percent = due.at(-1);
      if (percent === undefined) return;
      if (due.includes(100))
        await emit(
          client,
          'usage.limit_reached',
          { tenantId },
          { tenantId, month: month.id, limit: limitId, usedMicroUnits, limitMicroUnits },
        );
      await record(client, {
        tenantId,
        kind: percent === overagePercent ? 'usage.overage' : 'usage.alert',
        message: noticeText(product, limitId, percent, usedMicroUnits, limitMicroUnits),
        data: { month: month.id, limit: limitId, percent, usedMicroUnits, limitMicroUnits },
      });
    });
  }
}
