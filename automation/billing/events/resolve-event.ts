import { type NewAuditEntry, record } from '../../store/audit.ts';
import type { Queryable } from '../../store/database.ts';
import { markSubscription } from '../../store/subscriptions.ts';
import type { BillingContext } from '../context.ts';
import { handleEvent } from './handle-event.ts';
import { customerDeletedNotice, type ToldNotice } from './notices.ts';
import { subscriptionsOfCustomer, tenantOfSubscription, writeNotice } from './notices-rows.ts';
import {
  findUnresolvedEvent,
  noteEventFailure,
  resolveEvent,
  type UnresolvedEvent,
} from './received-events.ts';

/**
 * Does what an event needs beyond marking the subscription that its payload names: finds out whom it concerns, and notifies
 * people. However often and in whatever order it runs, it reports each state of an object once.
 * @throws when Stripe does not answer, after recording that; the queue tries again, and then the sweep does
 */
export async function resolveStripeEvent(
  context: Pick<BillingContext, 'database' | 'stripe' | 'log'>,
  eventId: string,
): Promise<void> {
  const { database, stripe, log } = context;
  const event = await findUnresolvedEvent(database, eventId);
  if (!event) return;
  try {
    const { subscriptionId, notices, deletedCustomer } = await handleEvent(stripe, event);
    await database.transaction(async (client) => {
      const untold = await resolveEvent(client, eventId, subscriptionId);
      const ofCustomer = deletedCustomer ? await subscriptionsOfCustomer(client, deletedCustomer) : [];
      const marked = [...new Set([...ofCustomer, ...(subscriptionId ? [subscriptionId] : [])])].sort();
      for (const id of marked) await markSubscription(client, id);
      const told = deletedCustomer
        ? [...notices, customerDeletedNotice(deletedCustomer, ofCustomer)]
        : notices;
      const received = untold ? await receivedEntries(client, event, marked, told) : [];
      await record(client, ...received, ...(await tell(client, told, eventId)));
    });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.warn({ event: eventId, type: event.type, error: problem }, 'cannot handle an event');
    await noteEventFailure(database, eventId, problem);
    throw error;
  }
}

/**
 * The audit entry for an event whose payload named no subscription, once it is known which one it concerns. It has the same
 * audience as the event's meaning.
 */
async function receivedEntries(
  client: Queryable,
  { id, type }: UnresolvedEvent,
  subscriptions: readonly string[],
  notices: readonly ToldNotice[],
): Promise<NewAuditEntry[]> {
  const entry = { kind: 'event.received', message: `Stripe reported ${type}`, data: { event: id, type } };
  if (subscriptions.length === 0) return [{ ...entry, audience: 'operator' }];
  const audience = notices.some((notice) => notice.audience === 'operator') ? 'operator' : 'tenant';
  const entries: NewAuditEntry[] = [];
  for (const subscriptionId of subscriptions) {
    const tenantId = await tenantOfSubscription(client, subscriptionId);
    entries.push({ ...entry, tenantId, subscriptionId, audience });
  }
  return entries;
}

/** Writes notices. Returns the audit entries for new ones. */
async function tell(
  client: Queryable,
  notices: readonly ToldNotice[],
  eventId: string,
): Promise<NewAuditEntry[]> {
  const entries: NewAuditEntry[] = [];
  for (const notice of notices) {
    const payer = await knownPayer(client, notice);
    if (!(await writeNotice(client, { ...notice, ...payer }, eventId))) continue;
    entries.push({
      tenantId: payer.subscriptionId ? await tenantOfSubscription(client, payer.subscriptionId) : null,
      subscriptionId: payer.subscriptionId,
      kind: `stripe.${notice.kind}`,
      message: notice.message,
      data: { ...notice.data, subject: notice.subject },
      audience: notice.audience,
    });
  }
  return entries;
}

/** A payment without an invoice belongs to the customer's subscription if there is exactly one. */
async function knownPayer(client: Queryable, { customerId, subscriptionId }: ToldNotice) {
  if (subscriptionId !== null || customerId === null) return { customerId, subscriptionId };
  const [only, ...others] = await subscriptionsOfCustomer(client, customerId);
  return { customerId, subscriptionId: only !== undefined && others.length === 0 ? only : null };
}
