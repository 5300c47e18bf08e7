import { randomUUID } from 'node:crypto';
import type { ReceivedEvent } from '../../automation/billing/events/received-events.ts';

/** An event of a subscription as the inbox receives it, with an id of its own. `more` overrides its fields. */
export function receivedEvent(
  subscriptionId: string | null,
  more: Partial<ReceivedEvent> = {},
): ReceivedEvent {
  return {
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    type: 'customer.subscription.updated',
    objectType: 'subscription',
    objectId: subscriptionId,
    subscriptionId,
    needsLookup: false,
    body: '{}',
    ...more,
  };
}
