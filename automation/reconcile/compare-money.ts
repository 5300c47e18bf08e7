/** Compares Stripe with our records and our desired states. Pure. */
import { type Entitlement, entitlementOf, isBrakeReason, type SubscriptionFacts } from '../desired/index.ts';
import type { LedgerCheck } from '../ledger/index.ts';
import type { Policy } from '../policy.ts';
import type { Subscription } from '../store/subscriptions.ts';
import type { Tenant } from '../store/tenants.ts';
import { type Observation, observe } from './kinds.ts';

/** A tenant that is not deleted, or whose subscription still lives in our records. */
export interface PaidTenant
  extends Pick<
    Tenant,
    'id' | 'product' | 'subscriptionId' | 'slot' | 'desiredState' | 'suspendReason' | 'deleteAfter'
  > {
  readonly plan: string;
  readonly seats: number;
}

/** Our record of a subscription, as of its last fetch. */
export interface SubscriptionRecord
  extends Omit<Subscription, 'customerId' | 'owner' | 'checkoutId' | 'attempts' | 'createdAt'> {
  /** True when Stripe did not know it at the last fetch. */
  readonly missing: boolean;
}

/** A live subscription, as Stripe lists it. */
export interface ListedSubscription {
  readonly facts: SubscriptionFacts;
  readonly createdAt: Date;
}

export interface UnreportedUsage {
  readonly tenantId: string;
  readonly dimension: string;
  readonly day: string;
  readonly quantity: number;
}

/** A Stripe customer that names an organization, which does not exist or has another customer. */
export interface CustomerOfNobody {
  readonly id: string;
  readonly organization: string;
  /** The organization exists, with another customer. */
  readonly isThere: boolean;
}

export interface MoneyWorld {
  readonly listed: readonly ListedSubscription[];
  readonly records: ReadonlyMap<string, SubscriptionRecord>;
  readonly tenants: readonly PaidTenant[];
  readonly customersOfNobody: readonly CustomerOfNobody[];
  /** Organizations whose customer Stripe does not list. */
  readonly organizationsWithoutCustomer: readonly {
    readonly id: string;
    readonly customerId: string | null;
  }[];
  readonly unreported: readonly UnreportedUsage[];
  readonly ledger: LedgerCheck;
  /** Subscriptions and tenants that a job or a person is working on. */
  readonly busy: { readonly subscriptions: ReadonlySet<string>; readonly tenants: ReadonlySet<string> };
  readonly now: Date;
  readonly policy: Pick<Policy, 'graceMs' | 'retentionMs'>;
}

export function compareMoney(world: MoneyWorld): Observation[] {
  const tenantOf = new Map(
    world.tenants.flatMap((tenant) =>
      tenant.subscriptionId === null ? [] : [[tenant.subscriptionId, tenant]],
    ),
  );
  const listed = new Set(world.listed.map(({ facts }) => facts.id));
  const isBusy = (subscriptionId: string | null, tenantId: string | undefined) =>
    (subscriptionId !== null && world.busy.subscriptions.has(subscriptionId)) ||
    (tenantId !== undefined && world.busy.tenants.has(tenantId));

  const found: Observation[] = [];
  for (const subscription of world.listed) {
    const tenant = tenantOf.get(subscription.facts.id);
    if (isBusy(subscription.facts.id, tenant?.id)) continue;
    const record = world.records.get(subscription.facts.id);
    found.push(
      ...(tenant
        ? compareTenant(world, subscription, record, tenant)
        : compareUnserved(world, subscription, record)),
    );
  }
  for (const tenant of world.tenants) {
    if (tenant.subscriptionId !== null && listed.has(tenant.subscriptionId)) continue;
    if (isBusy(tenant.subscriptionId, tenant.id)) continue;
    found.push(...compareUnlisted(tenant, world.records));
  }
  for (const record of world.records.values()) {
    if (listed.has(record.id) || tenantOf.has(record.id) || isBusy(record.id, undefined)) continue;
    if (lives(record.status) && !record.missing)
      found.push(stale(record.id, null, `we have it as ${record.status}, and Stripe does not list it`));
  }
  return [...found, ...compareCustomers(world), ...compareUsage(world), ...compareLedger(world.ledger)];
}

/** Both Stripe and we have it. */
function compareTenant(
  { now, policy }: MoneyWorld,
  { facts }: ListedSubscription,
  record: SubscriptionRecord | undefined,
  tenant: PaidTenant,
): Observation[] {
  const about = { tenantId: tenant.id, subscriptionId: facts.id };
  const entitlement = entitlementOf(facts.status, record?.pastDueSince ?? null, now, policy);
  if (tenant.desiredState === 'deleted') {
    if (!isBilled(facts.status)) return [];
    const cause = `Stripe still bills it (${facts.status}), and its tenant ${tenant.id} is deleted`;
    return [observe('billed-after-deletion', facts.id, cause, about)];
  }
  const { bought } = facts;
  if ('problem' in bought || bought.product !== tenant.product) {
    const holds = 'problem' in bought ? bought.problem : `it holds the product ${bought.product}`;
    return [observe('wrong-product', facts.id, `${holds}; its tenant is ${tenant.product}`, about)];
  }
  const wrong = wrongState(tenant, facts, entitlement);
  if (wrong) return [observe(wrong.kind, tenant.id, wrong.cause, about)];
  const found: Observation[] = [];
  if (bought.plan !== tenant.plan) {
    const data = { paid: bought.plan, wanted: tenant.plan };
    const cause = `${bought.plan} is paid, and ${tenant.plan} is wanted of the tenant`;
    found.push(observe('wrong-plan', tenant.id, cause, { ...about, data }));
  }
  if (bought.seats !== tenant.seats) {
    const data = { paid: bought.seats, wanted: tenant.seats };
    const cause = `${bought.seats} seats are paid, and ${tenant.seats} are wanted of the tenant`;
    found.push(observe('wrong-seats', tenant.id, cause, { ...about, data }));
  }
  if (found.length > 0) return found;
  const differs = differsFromRecord(facts, record);
  return differs === null ? [] : [stale(facts.id, tenant.id, differs)];
}

function wrongState(
  { desiredState, suspendReason }: PaidTenant,
  { status }: SubscriptionFacts,
  entitlement: Entitlement,
): { kind: 'paid-not-served' | 'unpaid-served'; cause: string } | null {
  if (entitlement.kind === 'active') {
    // A tenant that the brake suspended stays suspended, whatever Stripe says.
    if (desiredState === 'active' || isBrakeReason(suspendReason)) return null;
    const cause = `the subscription is ${status}, and the tenant is suspended (${suspendReason ?? 'no reason'})`;
    return { kind: 'paid-not-served', cause };
  }
  if (desiredState !== 'active') return null;
  return { kind: 'unpaid-served', cause: `the subscription is ${status}, and the tenant is served` };
}

/** Stripe has it, but it pays for no tenant of ours. */
function compareUnserved(
  { now, policy }: MoneyWorld,
  { facts, createdAt }: ListedSubscription,
  record: SubscriptionRecord | undefined,
): Observation[] {
  const about = { subscriptionId: facts.id, since: createdAt };
  const entitlement = entitlementOf(facts.status, record?.pastDueSince ?? null, now, policy);
  if (entitlement.kind === 'active') {
    if ('problem' in facts.bought)
      return [observe('subscription-of-nobody', facts.id, facts.bought.problem, about)];
    const why = record ? (record.problem ?? 'we know of it and made none') : 'we never heard of it';
    const cause = `${facts.bought.product} ${facts.bought.plan} is paid, and there is no tenant: ${why}`;
    return [observe('paid-without-tenant', facts.id, cause, about)];
  }
  const differs = differsFromRecord(facts, record);
  return differs === null ? [] : [stale(facts.id, null, differs)];
}

/** We have a tenant, but Stripe lists no subscription for it. */
function compareUnlisted(
  tenant: PaidTenant,
  records: ReadonlyMap<string, SubscriptionRecord>,
): Observation[] {
  if (tenant.slot || tenant.desiredState === 'deleted') return [];
  // Its end is scheduled: there is nothing to find.
  const ends = tenant.desiredState === 'suspended' && tenant.deleteAfter !== null;
  const { subscriptionId } = tenant;
  const about = { tenantId: tenant.id, subscriptionId };
  if (subscriptionId === null) {
    if (ends) return [];
    return [observe('tenant-without-subscription', tenant.id, 'nothing pays for the tenant', about)];
  }
  const record = records.get(subscriptionId);
  if (ends) {
    if (!lives(record?.status ?? null) || record?.missing) return [];
    return [stale(subscriptionId, tenant.id, `we have it as ${record?.status}, and Stripe does not list it`)];
  }
  if (record?.missing) {
    const cause = `Stripe does not know ${subscriptionId}, and the tenant is ${servedOrKept(tenant)}`;
    return [observe('subscription-missing', tenant.id, cause, about)];
  }
  const cause = `Stripe lists no ${subscriptionId} that has not ended, and the tenant is ${servedOrKept(tenant)}`;
  return [observe('unpaid-served', tenant.id, cause, about)];
}

function servedOrKept({ desiredState }: PaidTenant): string {
  return desiredState === 'active' ? 'served' : 'kept without an end';
}

function stale(subscriptionId: string, tenantId: string | null, cause: string): Observation {
  return observe('stale-record', subscriptionId, cause, { subscriptionId, tenantId });
}

/** The difference between Stripe's list and our record, or null. */
function differsFromRecord(facts: SubscriptionFacts, record: SubscriptionRecord | undefined): string | null {
  if (!record) return 'we never heard of it';
  const pairs: [string, unknown, unknown][] = [
    ['status', facts.status, record.status],
    ['cancelAtPeriodEnd', facts.cancelAtPeriodEnd, record.cancelAtPeriodEnd],
    ['currentPeriodEnd', facts.currentPeriodEnd?.toISOString(), record.currentPeriodEnd?.toISOString()],
  ];
  if (!('problem' in facts.bought)) {
    pairs.push(
      ['product', facts.bought.product, record.product],
      ['plan', facts.bought.plan, record.plan],
      ['seats', facts.bought.seats, record.seats],
    );
  }
  const differing = pairs.filter(([, theirs, ours]) => theirs !== ours);
  if (differing.length === 0) return null;
  return differing
    .map(([name, theirs, ours]) => `${name} is ${String(theirs)}, and we have ${String(ours)}`)
    .join('; ');
}

/** Statuses of a live subscription. */
function lives(status: string | null): boolean {
  return status !== null && status !== 'canceled' && status !== 'incomplete_expired';
}

function isBilled(status: string): boolean {
  return status === 'active' || status === 'trialing' || status === 'past_due';
}

function compareCustomers({ customersOfNobody, organizationsWithoutCustomer }: MoneyWorld): Observation[] {
  return [
    ...customersOfNobody.map(({ id, organization, isThere }) => {
      const why = isThere ? 'which has another one' : 'which is not there';
      return observe('customer-of-nobody', id, `it was made for the organization ${organization}, ${why}`);
    }),
    ...organizationsWithoutCustomer.map(({ id, customerId }) =>
      observe('customer-missing', id, `Stripe does not list its customer ${customerId}`, {
        data: { organization: id, customer: customerId },
      }),
    ),
  ];
}

/** One finding for a tenant and dimension, however many days are missing. */
function compareUsage({ unreported, busy }: MoneyWorld): Observation[] {
  const bySubject = new Map<string, UnreportedUsage[]>();
  for (const usage of unreported) {
    if (busy.tenants.has(usage.tenantId)) continue;
    const subject = `${usage.tenantId}/${usage.dimension}`;
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), usage]);
  }
  return [...bySubject].map(([subject, usages]) => {
    const days = usages.map(({ day }) => day).sort();
    const cause = `${days.length === 1 ? days[0] : `${days.length} days since ${days[0]}`} not reported to Stripe`;
    return observe('unreported-usage', subject, cause, {
      tenantId: usages[0]?.tenantId ?? null,
      data: { days: days.slice(0, 31) },
    });
  });
}

function compareLedger({ total, wrong, wrongHolds }: LedgerCheck): Observation[] {
  const found: Observation[] = [];
  if (total !== 0)
    found.push(observe('ledger-unbalanced', 'total', `the accounts add up to ${total}, not to 0`));
  for (const account of wrong)
    found.push(
      observe('ledger-unbalanced', `account ${account}`, 'its balance is not the sum of its entries'),
    );
  for (const tenantId of wrongHolds)
    found.push(
      observe('ledger-unbalanced', `holds of ${tenantId}`, 'they do not add up to what is held', {
        tenantId,
      }),
    );
  return found;
}
