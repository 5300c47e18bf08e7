import { postMail } from '../mail/index.ts';
import { record } from '../store/audit.ts';
import type { Queryable } from '../store/database.ts';
import { disableEndpoint, type Endpoint } from './endpoints.ts';

/**
 * Disables an endpoint that is gone or has failed for days, and tells its owner: by mail where it has an address, and in
 * the audit trail of its tenant or of the operators. Call it in a transaction.
 */
export async function disableWithNotice(
  client: Queryable,
  endpointId: string,
  problem: string,
  now: Date,
): Promise<void> {
  const endpoint = await disableEndpoint(client, endpointId, problem, now);
  if (!endpoint) return;
  if (endpoint.email !== null) await postMail(client, disabledMail(endpoint, endpoint.email, problem, now));
  await record(client, {
    tenantId: endpoint.tenantId,
    kind: 'notifications.disabled',
    message: `The webhook endpoint ${endpoint.url} gets no more events. ${problem}`,
    data: { endpoint: endpoint.id, url: endpoint.url, failingSince: endpoint.failingSince },
    audience: endpoint.tenantId === null ? 'operator' : 'tenant',
  });
}

/** The key makes it one mail each time the endpoint is disabled. */
function disabledMail(endpoint: Endpoint, recipient: string, problem: string, now: Date) {
  const key = `notifications-disabled:${endpoint.id}:${now.toISOString()}`;
  return {
    key,
    messageId: `<${key.replaceAll(':', '-')}@tenantry>`,
    recipient,
    subject: 'A webhook endpoint gets no more events',
    body: [
      'Hello,',
      '',
      `no more events are sent to ${endpoint.url}.`,
      '',
      problem,
      ...(endpoint.failingSince
        ? [`It has accepted nothing since ${endpoint.failingSince.toISOString()}.`]
        : []),
      '',
      'Once it is fixed, enable it again and replay what it missed:',
      '',
      `  tenantry notifications enable ${endpoint.id}`,
      `  tenantry notifications replay ${endpoint.id} --since ${(endpoint.failingSince ?? now).toISOString()}`,
      '',
    ].join('\n'),
  };
}
