/** Stripe events, and the alerts they caused, as text. Pure. */

import type { ReplayPlan, StoredNotice } from '../../automation/billing/events/index.ts';
import { table, time } from './table.ts';

/** Events to show one by one. */
const mostShown = 50;

export function replayText({ stored, missed, isCut }: ReplayPlan, dryRun: boolean): string {
  const rows = [
    ...stored.map((event) => [
      event.id,
      event.type,
      time(event.receivedAt.toISOString()),
      event.problem ?? (event.resolvedAt ? 'handled before' : 'waits'),
    ]),
    ...missed.map((event) => [event.id, event.type, time(event.createdAt.toISOString()), 'never came']),
  ];
  const shown =
    rows.length === 0 ? [] : [table(['EVENT', 'TYPE', 'WHEN', 'STATE'], rows.slice(0, mostShown))];
  const more = rows.length > mostShown ? [`… and ${rows.length - mostShown} more.`] : [];
  const verb = dryRun ? 'would be' : 'are';
  return [
    ...shown,
    ...more,
    `${stored.length} of the inbox ${verb} handled again, ${missed.length} that never came ${verb} fetched.`,
    ...(isCut ? ['There are more: run the command again with a later --since.'] : []),
  ].join('\n');
}

export function alertsText(alerts: readonly StoredNotice[]): string {
  if (alerts.length === 0) return 'Nothing waits for an operator.';
  return table(
    ['ALERT', 'SINCE', 'CUSTOMER', 'MESSAGE'],
    alerts.map(({ key, createdAt, customerId, message }) => [
      key,
      time(createdAt.toISOString()),
      customerId ?? '-',
      message,
    ]),
  );
}
