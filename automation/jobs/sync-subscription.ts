import Stripe from 'stripe';
import {
  type Decision,
  decide,
  type Entitlement,
  entitlementOf,
  type Restraint,
  readSubscription,
  restrained,
  type SubscriptionFacts,
  suspendMessages,
} from '../desired/index.ts';
import {
  changeTenant,
  type SubscriptionChange,
  type SubscriptionStep,
  subscriptionChange,
} from '../followers.ts';
import { retryDelayMs } from '../policy.ts';
import { type NewAuditEntry, record } from '../store/audit.ts';
import { isDeadlock, type Queryable } from '../store/database.ts';
import {
  applySubscription,
  drawFetchTicket,
  type FetchTicket,
  lockForApply,
  noteFetchFailure,
  type Subscription,
  settleMarks,
} from '../store/subscriptions.ts';
import {
  changeDesired,
  changeRetention,
  findTenant,
  lockTenantOfSubscription,
  ringTenant,
  type Tenant,
} from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import { placeFor, provideTenant } from './provide-tenant.ts';

/**
 * Fetches a subscription from Stripe and turns it into its tenant's desired state. The last fetch wins, whatever order
 * events arrive in and however many jobs run at once. A fetch settles all marks that it found; when newer ones have
 * arrived, the job is rung again.
 */
export async function syncSubscription(context: JobContext, subscriptionId: string): Promise<void> {
  try {
    await fetchAndApply(context, subscriptionId);
  } catch (error) {
    // A job that waits for a slot also holds locks on slots that others have claimed, and a second job of one of those may
    // wait for it in turn. PostgreSQL then ends one of the two.
    if (!isDeadlock(error)) throw error;
    context.log.info({ subscription: subscriptionId }, 'applying a subscription again after a deadlock');
    await fetchAndApply(context, subscriptionId);
  }
}

async function fetchAndApply(context: JobContext, subscriptionId: string): Promise<void> {
  const fetch = await drawFetchTicket(context.database, subscriptionId);
  if (!fetch) return;
  const fetched = await fetchSubscription(context, fetch);
  if (!fetched) return;

  const applied = await context.database.transaction(async (client) => {
    const known = await lockForApply(client, fetch);
    if (!known) return false;
    if (fetched === 'missing') await applyMissing(client, fetch, known);
    else await apply(context, client, fetch, known, fetched);
    return true;
  });
  // If it was not applied, a later fetch was: its job settles the marks, and rings again if it has not seen them all.
  if (applied) await settleMarks(context.database, fetch);
}

interface Fetched {
  readonly facts: SubscriptionFacts;
  /** What the followers do when it is applied. */
  readonly steps: readonly SubscriptionStep[];
}

/** @returns `missing` when Stripe does not know the subscription, null when Stripe does not answer */
async function fetchSubscription(
  { stripe, database, followers, policy, log, now }: JobContext,
  { subscriptionId: id, ticket, attempts }: FetchTicket,
): Promise<Fetched | 'missing' | null> {
  try {
    const expand = followers.flatMap((follower) => follower.expand ?? []);
    const subscription = await stripe.subscriptions.retrieve(id, { expand });
    const facts = readSubscription(subscription);
    const steps: SubscriptionStep[] = [];
    const at = now();
    for (const follower of followers) {
      const step = await follower.subscriptionFetched?.({ subscription, facts, ticket, at });
      if (step) steps.push(step);
    }
    return { facts, steps };
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404)
      return 'missing';
    const message = error instanceof Error ? error.message : String(error);
    log.warn({ subscription: id, error: message }, 'Stripe could not be asked about a subscription');
    const nextTryAt = new Date(now().getTime() + retryDelayMs(policy, attempts));
    await noteFetchFailure(database, id, `Stripe could not be asked: ${message}`, nextTryAt);
    return null;
  }
}

async function applyMissing(client: Queryable, fetch: FetchTicket, known: Subscription): Promise<void> {
  const problem = 'Stripe does not know this subscription';
  await applySubscription(client, fetch, { ...known, problem });
  await record(client, {
    subscriptionId: known.id,
    kind: 'subscription.missing',
    message: problem,
    audience: 'operator',
  });
}

async function apply(
  context: JobContext,
  client: Queryable,
  fetch: FetchTicket,
  known: Subscription,
  { facts, steps }: Fetched,
): Promise<void> {
  for (const step of steps) await step.begin?.(client);
  const now = context.now();
  const pastDueSince = facts.status === 'past_due' ? (known.pastDueSince ?? now) : null;
  const entitlement = entitlementOf(facts.status, pastDueSince, now, context.policy);
  const bought = 'problem' in facts.bought ? null : facts.bought;
  const tenant = await lockTenantOfSubscription(client, facts.id);
  const place = tenant ? null : await placeFor(context, client, facts, entitlement);
  const problem =
    'problem' in facts.bought ? facts.bought.problem : place && 'problem' in place ? place.problem : null;
  const applied = {
    status: facts.status,
    customerId: facts.customerId,
    owner: facts.owner,
    product: bought?.product ?? known.product,
    plan: bought?.plan ?? known.plan,
    seats: bought?.seats ?? known.seats,
    currentPeriodEnd: facts.currentPeriodEnd,
    cancelAtPeriodEnd: facts.cancelAtPeriodEnd,
    pastDueSince,
    checkoutId: facts.checkoutId,
    problem,
  };
  await applySubscription(client, fetch, applied);

  const entries: NewAuditEntry[] = [];
  let tenantId = tenant?.id ?? null;
  if (!tenant && place && 'cell' in place) {
    const provided = await provideTenant({ ...context, cell: place.cell }, client, facts, entitlement);
    entries.push(provided.entry);
    tenantId = provided.tenantId;
  }
  if (tenantId !== null) {
    for (const step of steps) entries.push(...((await step.apply?.(client, tenantId, entitlement)) ?? []));
  }
  if (tenant) entries.push(...(await want(context, client, tenant, facts, entitlement)));
  const change = subscriptionChange(tenant && known, { ...applied, id: facts.id });
  if (tenantId !== null && change) await tellFollowers(context, client, tenantId, change);
  if (known.status !== facts.status) {
    entries.unshift({
      tenantId,
      subscriptionId: facts.id,
      kind: 'subscription.status',
      message: `The subscription is ${facts.status.replaceAll('_', ' ')}`,
      data: { status: facts.status, was: known.status },
    });
  }
  if (problem && problem !== known.problem) {
    entries.push({
      tenantId,
      subscriptionId: facts.id,
      kind: 'subscription.problem',
      message: `The subscription cannot be served as it is: ${problem}`,
    });
  }
  await record(client, ...entries);
}

async function tellFollowers(
  { followers, now }: JobContext,
  client: Queryable,
  tenantId: string,
  change: SubscriptionChange,
): Promise<void> {
  const tenant = await findTenant(client, tenantId);
  if (!tenant) throw new Error(`tenant ${tenantId} is gone`);
  for (const follower of followers) await follower.subscriptionChanged?.(client, tenant, change, now());
}

/** Sets the desired state that the subscription asks for, as far as the followers' restraints allow. */
async function want(
  context: JobContext,
  client: Queryable,
  tenant: Tenant,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<NewAuditEntry[]> {
  const restraints = await restraintsOf(context, client, tenant, facts);
  const { change, retention, notes } = decide(
    tenant,
    facts,
    restrained(entitlement, restraints),
    restraints.some(({ throttles }) => throttles),
  );
  const about = { tenantId: tenant.id, subscriptionId: facts.id };
  if (retention) {
    await changeTenant(client, context, tenant, (db) => changeRetention(db, tenant.id, retention));
    return [{ ...about, ...retentionEntry(retention) }];
  }
  if (!change) return [];
  await changeTenant(client, context, tenant, (db) => changeDesired(db, tenant.id, change));
  await ringTenant(client, tenant);
  const { plan, seats } = change.spec;
  return [
    {
      ...about,
      kind: 'tenant.desired',
      message: [`Wanted: ${change.state} on plan ${plan}`, ...notes].join('. '),
      data: {
        state: change.state,
        plan,
        seats,
        reason: change.suspendReason,
        deleteAfter: change.deleteAfter,
      },
    },
  ];
}

async function restraintsOf(
  { followers, now }: JobContext,
  client: Queryable,
  { id, desiredSpec }: Tenant,
  { bought }: SubscriptionFacts,
): Promise<Restraint[]> {
  const { product } = desiredSpec;
  const plan = 'problem' in bought ? desiredSpec.plan : bought.plan;
  const restraints: Restraint[] = [];
  for (const follower of followers) {
    const restraint = await follower.restrains?.(client, { id, product, plan }, now());
    if (restraint) restraints.push(restraint);
  }
  return restraints;
}

/** The entry for a change of the suspension's reason or the retention that needs no operation. */
function retentionEntry({ suspendReason, deleteAfter }: NonNullable<Decision['retention']>): NewAuditEntry {
  const why = suspendReason === null ? 'The tenant stays as it is.' : suspendMessages[suspendReason];
  const until = deleteAfter && ` Its data is kept until ${deleteAfter.toISOString()}.`;
  return {
    kind: 'tenant.retention',
    message: `${why}${until ?? ''}`,
    data: { reason: suspendReason, deleteAfter },
  };
}
