/** Webhook endpoints and what was sent to them, as text. Pure. */
import type {
  Notification,
  NotificationDetail,
  NotificationEndpoint,
  NotificationEndpointSecret,
} from '../../api/client/index.ts';
import { fields, table, time } from './table.ts';

function scopeText({ tenant, product }: NotificationEndpoint): string {
  if (tenant !== null) return `tenant ${tenant}`;
  return product === null ? 'all tenants' : `product ${product}`;
}

export function secretText({ endpoint, secret }: NotificationEndpointSecret): string {
  return [
    fields([
      ['endpoint', endpoint.id],
      ['url', endpoint.url],
      ['told of', scopeText(endpoint)],
      ['events', endpoint.events?.join(', ') ?? 'all'],
      ['secret', secret],
      [
        'old secret',
        endpoint.previousSecretUntil === null
          ? null
          : `signs, too, until ${time(endpoint.previousSecretUntil)}`,
      ],
    ]),
    '',
    'The secret is shown only now: keep it where the receiver checks signatures.',
  ].join('\n');
}

export function endpointsText(endpoints: readonly NotificationEndpoint[]): string {
  if (endpoints.length === 0) return 'There are no endpoints: `tenantry notifications add <url>` makes one.';
  return table(
    ['ENDPOINT', 'TOLD OF', 'STATE', 'EVENTS', 'URL'],
    endpoints.map((endpoint) => [
      endpoint.id,
      scopeText(endpoint),
      endpoint.state === 'disabled' || endpoint.failingSince === null
        ? endpoint.state
        : `failing since ${time(endpoint.failingSince)}`,
      endpoint.events?.join(', ') ?? 'all',
      endpoint.url,
    ]),
  );
}

export function logText(notifications: readonly Notification[]): string {
  if (notifications.length === 0) return 'Nothing was sent.';
  return table(
    ['ID', 'WHEN', 'TYPE', 'TENANT', 'ENDPOINT', 'STATE', 'TRIES', 'LAST ANSWER'],
    notifications.map((sent) => [
      String(sent.id),
      time(sent.at),
      sent.type,
      sent.tenant ?? sent.organization ?? '-',
      sent.endpoint,
      sent.state,
      String(sent.attempts),
      sent.problem ?? (sent.status === null ? '-' : String(sent.status)),
    ]),
  );
}

export function notificationText(sent: NotificationDetail): string {
  return [
    fields([
      ['event', sent.event],
      ['type', sent.type],
      ['endpoint', sent.endpoint],
      ['state', sent.state],
      ['next attempt', sent.nextAttemptAt && time(sent.nextAttemptAt)],
    ]),
    '',
    JSON.stringify(sent.body, null, 2),
    ...(sent.tries.length === 0
      ? []
      : [
          '',
          table(
            ['TRY', 'WHEN', 'MS', 'STATUS', 'PROBLEM', 'ANSWER'],
            sent.tries.map((attempt) => [
              String(attempt.attempt),
              time(attempt.at),
              String(attempt.durationMs),
              attempt.status === null ? '-' : String(attempt.status),
              attempt.problem ?? '-',
              attempt.answer ?? '',
            ]),
          ),
        ]),
  ].join('\n');
}
