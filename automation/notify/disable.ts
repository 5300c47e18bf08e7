import { postMail } from '../mail/index.ts';
import { record } from '../store/audit.ts';
import type { Queryable } from '../store/database.ts';
import { disableEndpoint, type Endpoint } from './endpoints.ts';

/**
 * Disables an endpoint that is gone or has taken nothing for days, and tells whoever can mend it: by mail where it has
 * an address, and in the trail of its tenant, or of the operators. In a transaction.
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

/** Of each time that an endpoint is disabled there is one mail. */
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
        ? [`It has taken nothing since ${endpoint.failingSince.toISOString()}.`]
        : []),
      '',
      'Once it is mended, enable it again and have what it missed sent:',
      '',
      `  tenantry notifications enable ${endpoint.id}`,
      `  tenantry notifications replay ${endpoint.id} --since ${(endpoint.failingSince ?? now).toISOString()}`,
      '',
    ].join('\n'),
  };
}
