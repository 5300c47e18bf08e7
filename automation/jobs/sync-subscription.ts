import Stripe from 'stripe';
import { findPlan, findProduct } from '../../tenants/catalog/index.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import {
  answeredAt,
  type FetchedSubscription,
  figuresExpand,
  readDiscounts,
  recordSubscription,
} from '../figures/record.ts';
import { changeTenant } from '../followers.ts';
import { creditAllowance } from '../ledger/allowance.ts';
import { type CreditGrant, grantCredits } from '../ledger/book.ts';
import { shrinks, underBrake } from '../ledger/brake.ts';
import { settleBrake } from '../ledger/means.ts';
import { readGrants } from '../ledger/read-grants.ts';
import { type NewAuditEntry, record } from '../store/audit.ts';
import { type Cell, listCells, listDatabaseServers, lockDatabaseServers } from '../store/cells.ts';
import type { Queryable } from '../store/database.ts';
import { ringReplenish, takeReservedStack } from '../store/stacks.ts';
import {
  applySubscription,
  drawFetchTicket,
  type FetchTicket,
  holdMarks,
  lockForApply,
  noteFetchFailure,
  type Subscription,
  settleMarks,
} from '../store/subscriptions.ts';
import {
  assignTenant,
  changeDesired,
  changeRetention,
  insertTenant,
  lockReadySlot,
  lockRetainedTenant,
  lockTenantOfSubscription,
  ringTenant,
  type Tenant,
} from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import {
  type Decision,
  decide,
  type Entitlement,
  entitlementOf,
  newSpec,
  suspendMessages,
} from './desired-state.ts';
import { placeDatabase, placeTenant } from './placement.ts';
import { retryDelayMs } from './policy.ts';
import { originOf, readSubscription, type SubscriptionFacts } from './subscription-facts.ts';
import { newTenantId } from './tenant-id.ts';

/**
 * Fetches a subscription from Stripe and turns it into what its tenant should be. The last fetch wins, in whatever
 * order events arrive and however many jobs run at once. One fetch answers all marks that it found; when newer ones
 * came meanwhile, the job is rung again.
 */
export async function syncSubscription(context: JobContext, subscriptionId: string): Promise<void> {
  const fetch = await drawFetchTicket(context.database, subscriptionId);
  if (!fetch) return;
  const fetched = await fetchSubscription(context, fetch);
  if (!fetched) return;
  const facts = fetched === 'missing' ? null : readSubscription(fetched.subscription);

  const applied = await context.database.transaction(async (client) => {
    const known = await lockForApply(client, fetch);
    if (!known) return false;
    if (fetched !== 'missing' && facts) {
      await recordSubscription(client, fetched, {
        originOf,
        graceMs: context.policy.graceMs,
        ticket: fetch.ticket,
        warn: (about, message) => context.log.warn(about, message),
      });
      await apply(context, client, fetch, known, facts, fetched.grants);
    } else await applyMissing(client, fetch, known);
    return true;
  });
  // Otherwise a later fetch was applied; who did that settles, and rings again if it had not seen every mark.
  if (applied) await settleMarks(context.database, fetch);
}

interface Fetched extends FetchedSubscription {
  /** Credits that its paid invoices give. */
  readonly grants: readonly CreditGrant[];
}

/** The subscription, `missing` when Stripe does not have it, or null when Stripe could not be asked. */
async function fetchSubscription(
  { stripe, database, policy, log, now }: JobContext,
  { subscriptionId: id, attempts }: FetchTicket,
): Promise<Fetched | 'missing' | null> {
  try {
    const subscription = await stripe.subscriptions.retrieve(id, { expand: figuresExpand });
    return {
      subscription,
      at: answeredAt(subscription, now()),
      discounts: await readDiscounts(database, stripe, subscription),
      grants: await readGrants(database, stripe, subscription),
    };
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
  facts: SubscriptionFacts,
  grants: readonly CreditGrant[],
): Promise<void> {
  const now = context.now();
  const pastDueSince = facts.status === 'past_due' ? (known.pastDueSince ?? now) : null;
  const entitlement = entitlementOf(facts.status, pastDueSince, now, context.policy);
  const bought = 'problem' in facts.bought ? null : facts.bought;
  const tenant = await lockTenantOfSubscription(client, facts.id);
  const place = tenant ? null : await placeFor(context, client, facts, entitlement);
  const problem =
    'problem' in facts.bought ? facts.bought.problem : place && 'problem' in place ? place.problem : null;
  await applySubscription(client, fetch, {
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
  });

  const credited = tenant ? await credit(client, tenant.id, facts, entitlement, grants) : [];
  const entries = tenant
    ? [...credited, ...(await follow(context, client, tenant, facts, entitlement))]
    : place && 'cell' in place
      ? await provide({ ...context, cell: place.cell }, client, facts, entitlement)
      : [];
  const made = tenant ? null : entries[0]?.tenantId;
  if (made) entries.push(...(await credit(client, made, facts, entitlement, grants)));
  if (known.status !== facts.status) {
    entries.unshift({
      tenantId: tenant?.id ?? entries[0]?.tenantId ?? null,
      subscriptionId: facts.id,
      kind: 'subscription.status',
      message: `The subscription is ${facts.status.replaceAll('_', ' ')}`,
      data: { status: facts.status, was: known.status },
    });
  }
  if (problem && problem !== known.problem) {
    entries.push({
      tenantId: tenant?.id ?? null,
      subscriptionId: facts.id,
      kind: 'subscription.problem',
      message: `The subscription cannot be served as it is: ${problem}`,
    });
  }
  await record(client, ...entries);
}

/** Books what the subscription has paid for; credits end with it. */
async function credit(
  client: Queryable,
  tenantId: string,
  { id, bought }: SubscriptionFacts,
  entitlement: Entitlement,
  grants: readonly CreditGrant[],
): Promise<NewAuditEntry[]> {
  if ('problem' in bought || creditAllowance(bought.product, bought.plan) === null) return [];
  const booked: NewAuditEntry[] = [];
  const due =
    entitlement.kind === 'ended'
      ? [{ cause: `ended:${id}`, amount: 0, adds: false, spendBy: null }]
      : entitlement.kind === 'none'
        ? []
        : grants;
  for (const grant of due) {
    if (!(await grantCredits(client, tenantId, grant)) || grant.amount === 0) continue;
    booked.push({
      tenantId,
      subscriptionId: id,
      kind: 'credits.granted',
      message: `${grant.amount} credits ${grant.adds ? 'for the bigger plan' : 'for the period that was paid'}`,
      data: { ...grant },
    });
  }
  return booked;
}

/** The tenant exists: want of it what the subscription says now, as far as the credit brake lets it. */
async function follow(
  context: JobContext,
  client: Queryable,
  tenant: Tenant,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<NewAuditEntry[]> {
  const { product, plan: planNow } = tenant.desiredSpec;
  const planWanted = 'problem' in facts.bought ? planNow : facts.bought.plan;
  const { brake } = await settleBrake(client, { id: tenant.id, product, plan: planWanted }, context.now());
  const braked = underBrake(entitlement, brake);
  const { change, retention, notes } = decide(tenant, facts, braked, shrinks(brake));
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

/** Nothing is done to the tenant, but why it is suspended or how long its data is kept has changed. */
function retentionEntry({ suspendReason, deleteAfter }: NonNullable<Decision['retention']>): NewAuditEntry {
  const why = suspendReason === null ? 'The tenant stays as it is.' : suspendMessages[suspendReason];
  const until = deleteAfter && ` Its data is kept until ${deleteAfter.toISOString()}.`;
  return {
    kind: 'tenant.retention',
    message: `${why}${until ?? ''}`,
    data: { reason: suspendReason, deleteAfter },
  };
}

/** Where a subscription without a tenant is to have one; null when it is to have none. */
async function placeFor(
  { cell }: JobContext,
  client: Queryable,
  { bought, region, residency }: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<{ readonly cell: Cell } | { readonly problem: string } | null> {
  if (entitlement.kind !== 'active' || 'problem' in bought) return null;
  return placeTenant({ ...bought, region, residency }, await listCells(client), cell);
}

/**
 * The database server of its own that a tenant without rows is to have, or null. It is the tenant's with the transaction
 * that writes it into a spec.
 */
async function databaseServerFor(
  { cell }: JobContext,
  client: Queryable,
  tenant: { readonly product: string; readonly plan: string; readonly slug: string },
): Promise<string | null> {
  if (findPlan(tenant.product, tenant.plan)?.dataIsolation !== 'database') return null;
  await lockDatabaseServers(client, cell.id);
  return placeDatabase(tenant, await listDatabaseServers(client, cell.id));
}

/** No tenant yet: find or make one in the cell of the context. */
async function provide(
  context: JobContext,
  client: Queryable,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<NewAuditEntry[]> {
  await holdMarks(client, facts.id);
  const source =
    (await reattach(context, client, facts, entitlement)) ??
    (await claimSlot(context, client, facts, entitlement)) ??
    (await create(context, client, facts));
  await ringTenant(client, { id: source.tenantId, cell: context.cell.id });
  await ringReplenish(client, context.cell.id);
  return [
    {
      tenantId: source.tenantId,
      subscriptionId: facts.id,
      kind: source.kind,
      message: [source.message, ...(source.notes ?? [])].join('. '),
      data: { ...facts.bought, owner: facts.owner },
    },
  ];
}

interface Source {
  readonly tenantId: string;
  readonly kind: string;
  readonly message: string;
  /** What a person should know beside it, one sentence each. */
  readonly notes?: readonly string[];
}

/** A customer who comes back before the data is deleted gets the same tenant again. */
async function reattach(
  context: JobContext,
  client: Queryable,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<Source | null> {
  if ('problem' in facts.bought) return null;
  const kept = await lockRetainedTenant(client, {
    owner: facts.owner,
    product: facts.bought.product,
    cell: context.cell.id,
    slug: facts.slug,
  });
  if (!kept) return null;
  return {
    tenantId: kept.id,
    kind: 'tenant.reattached',
    message: 'Subscribed again before the data was deleted: the same tenant resumes',
    notes: await assign(context, client, kept, facts, entitlement, { slug: kept.slug }),
  };
}

/** A slot was provisioned ahead: it is the customer's from this transaction on. */
async function claimSlot(
  context: JobContext,
  client: Queryable,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<Source | null> {
  const { cell } = context;
  if ('problem' in facts.bought) return null;
  const { product, plan } = facts.bought;
  if (findProduct(product)?.slotPlan == null) return null;
  const slot = await lockReadySlot(client, { product, cell: cell.id });
  if (!slot) return null;
  const slug = facts.slug ?? slot.id;
  // A slot has no rows yet.
  const databaseServer = await databaseServerFor(context, client, { product, plan, slug });
  return {
    tenantId: slot.id,
    kind: 'tenant.claimed',
    message: 'A tenant prepared ahead was assigned',
    notes: await assign(context, client, slot, facts, entitlement, {
      slug,
      ...(databaseServer !== null && { databaseServer }),
    }),
  };
}

/**
 * Gives a tenant to a subscription, with the name and what else is `chosen` for it, and wants of it what that entitles to.
 * @returns what a person should know about it, one sentence each
 */
async function assign(
  context: JobContext,
  client: Queryable,
  tenant: Tenant,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
  { slug, ...chosen }: Pick<TenantSpec, 'slug' | 'databaseServer'>,
): Promise<readonly string[]> {
  const { owner, id: subscriptionId } = facts;
  const { change, notes } = decide({ ...tenant, owner, slug }, facts, entitlement);
  await changeTenant(client, context, tenant, async (db) => {
    const assigned = await assignTenant(db, tenant.id, { owner, subscriptionId, slug });
    return change
      ? changeDesired(db, tenant.id, { ...change, spec: { ...change.spec, ...chosen } })
      : assigned;
  });
  return notes;
}

/** A new tenant, if possible on a stack that is initialised already. */
async function create(context: JobContext, client: Queryable, facts: SubscriptionFacts): Promise<Source> {
  const { cell, now } = context;
  if ('problem' in facts.bought) throw new Error(facts.bought.problem);
  const reserved = await takeReservedStack(client, cell.id);
  const tenantId = reserved?.tenantId ?? newTenantId();
  const wish = {
    ...facts.bought,
    tenantId,
    cell: cell.id,
    region: cell.region,
    owner: facts.owner,
    billingAccount: facts.customerId,
    createdAt: now(),
    databaseServer: await databaseServerFor(context, client, {
      ...facts.bought,
      slug: facts.slug ?? tenantId,
    }),
  };
  const insert = (slug: string) =>
    changeTenant(client, context, null, (db) =>
      insertTenant(db, {
        spec: newSpec({ ...wish, slug }),
        subscriptionId: facts.id,
        slot: false,
        stackSettings: reserved?.stackSettings ?? null,
      }),
    );
  if (await insert(facts.slug ?? tenantId)) {
    return { tenantId, kind: 'tenant.created', message: 'Tenant requested' };
  }
  // Checkout refuses a name that is taken; two customers who paid for it at the same moment both get a tenant.
  const slug = `${(facts.slug ?? tenantId).slice(0, 30).replace(/-$/, '')}-${tenantId}`;
  if (!(await insert(slug))) throw new Error(`tenant id ${tenantId} is taken`);
  return {
    tenantId,
    kind: 'tenant.created',
    message: `Tenant requested; the name ${facts.slug} was taken in the meantime, so it is ${slug}`,
  };
}
