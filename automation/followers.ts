import { isDeepStrictEqual } from 'node:util';
import type Stripe from 'stripe';
import type { Entitlement, Restraint, SubscriptionFacts } from './desired/index.ts';
import type { NewAuditEntry } from './store/audit.ts';
import type { Queryable } from './store/database.ts';
import type { FollowedClient, Tenant } from './store/tenants.ts';

/**
 * What happened to a tenant. A slot becomes a tenant when a customer claims it.
 *
 * Decisions count from the moment they are made: `suspended`, `resumed`, `plan_changed`, `seats_changed`,
 * `deletion_scheduled`, `deletion_cancelled`, `deleting`. Two changes count when the world has followed: `active` the first
 * time that the customer can use the tenant, `deleted` when nothing of it is left.
 */
export type TenantChange =
  | { readonly kind: 'created' }
  | { readonly kind: 'active' }
  | { readonly kind: 'plan_changed'; readonly from: string; readonly to: string }
  | { readonly kind: 'seats_changed'; readonly from: number; readonly to: number }
  | { readonly kind: 'suspended'; readonly reason: string | null }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'deletion_scheduled'; readonly deleteAfter: Date }
  | { readonly kind: 'deletion_cancelled' }
  | { readonly kind: 'deleting' }
  | { readonly kind: 'deleted' };

/** The state of a subscription that followers hear of, as Stripe had it at the last fetch. */
export interface SubscriptionState {
  readonly id: string;
  /** Stripe's status: https://docs.stripe.com/api/subscriptions/object#subscription_object-status */
  readonly status: string | null;
  readonly plan: string | null;
  readonly seats: number | null;
  /** Changes with each renewal. */
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly pastDueSince: Date | null;
}

/** A change of a subscription, such as a renewal or a late payment. It need not change the tenant. */
export interface SubscriptionChange {
  /** Null when the subscription begins to pay for the tenant. */
  readonly before: SubscriptionState | null;
  readonly after: SubscriptionState;
}

/** A subscription as Stripe has it. */
export interface FetchedSubscription {
  /** With the fields that followers have Stripe expand. */
  readonly subscription: Stripe.Response<Stripe.Subscription>;
  readonly facts: SubscriptionFacts;
  /** Unique, and greater with each fetch of the subscription. */
  readonly ticket: number;
  /** When it was fetched, by our clock. */
  readonly at: Date;
}

/** What a follower does in the transaction that applies a fetched subscription. */
export interface SubscriptionStep {
  /** Runs first, with the subscription's row locked and before its tenant is looked up. */
  begin?(client: Queryable): Promise<void>;
  /**
   * Acts on what the subscription entitles its tenant to. Runs before the desired state of an existing tenant is decided,
   * and after the insert of a new one; not at all where there is no tenant.
   * @returns what to record
   */
  apply?(client: Queryable, tenantId: string, entitlement: Entitlement): Promise<readonly NewAuditEntry[]>;
}

/** Acts on changes in the transaction that makes them, so that both commit or neither does. */
export interface Follower {
  /** Names it in errors and logs. */
  readonly name: string;
  /** Fields that Stripe expands when the subscription is fetched: https://docs.stripe.com/expand */
  readonly expand?: readonly string[];
  /**
   * Reads what else it needs, from Stripe too, before the transaction. When this throws, the fetch counts as failed and is
   * tried again.
   */
  subscriptionFetched?(fetched: FetchedSubscription): Promise<SubscriptionStep>;
  /**
   * Holds a tenant back although its subscription is in order. Runs in the transaction, with the tenant's row locked.
   * @param tenant with the plan that its subscription wants
   */
  restrains?(
    client: Queryable,
    tenant: { readonly id: string; readonly product: string; readonly plan: string },
    at: Date,
  ): Promise<Restraint>;
  /**
   * Runs once for each change, in the transaction that makes it, with the tenant's row locked. An error undoes the change.
   * It must not wait for anything outside of the database.
   * @param tenant as it is after the change
   */
  tenantChanged?(client: Queryable, tenant: Tenant, change: TenantChange, at: Date): Promise<void>;
  /**
   * Called once for each change of a subscription that pays for a tenant, in the transaction that makes it and after
   * `tenantChanged`. An error undoes the change of both.
   * @param tenant as it is after the change
   */
  subscriptionChanged?(
    client: Queryable,
    tenant: Tenant,
    change: SubscriptionChange,
    at: Date,
  ): Promise<void>;
}

/** What `changeTenant` works with. */
export interface Following {
  readonly followers: readonly Follower[];
  readonly now: () => Date;
}

/**
 * The one way to change what a tenant is or should be: writes and calls the followers in the transaction of `client`.
 * @param before the tenant's row, locked by this transaction; null for a new tenant
 * @param write changes the row with the store's functions that take a `FollowedClient`; returns it, or null if it did not
 */
export async function changeTenant<After extends Tenant | null>(
  client: Queryable,
  { followers, now }: Following,
  before: Tenant | null,
  write: (client: FollowedClient) => Promise<After>,
): Promise<After> {
  const after = await write(client as FollowedClient);
  const changes = after ? tenantChanges(before, after) : [];
  const at = now();
  for (const change of changes) {
    for (const follower of followers) if (after) await follower.tenantChanged?.(client, after, change, at);
  }
  return after;
}

/** Compares two states of a subscription; null when nothing differs that followers hear of. Pure. */
export function subscriptionChange(
  before: SubscriptionState | null,
  after: SubscriptionState,
): SubscriptionChange | null {
  if (!before) return { before, after: followedOf(after) };
  const [was, is] = [followedOf(before), followedOf(after)];
  return isDeepStrictEqual(was, is) ? null : { before: was, after: is };
}

function followedOf(subscription: SubscriptionState): SubscriptionState {
  const { id, status, plan, seats, currentPeriodEnd, cancelAtPeriodEnd, pastDueSince } = subscription;
  return { id, status, plan, seats, currentPeriodEnd, cancelAtPeriodEnd, pastDueSince };
}

/** Compares two states of a tenant's row and lists what happened, in the order in which followers hear of it. Pure. */
export function tenantChanges(before: Tenant | null, after: Tenant): readonly TenantChange[] {
  if (after.slot || after.owner === null) return [];
  const was = before && !before.slot ? before : null;
  const changes: TenantChange[] = [];
  if (!was) changes.push({ kind: 'created' });
  const { plan, seats } = after.desiredSpec;
  if (was && was.desiredSpec.plan !== plan)
    changes.push({ kind: 'plan_changed', from: was.desiredSpec.plan, to: plan });
  if (was && was.desiredSpec.seats !== seats)
    changes.push({ kind: 'seats_changed', from: was.desiredSpec.seats, to: seats });
  if (after.desiredState === 'suspended') {
    if (was?.desiredState !== 'suspended' || was.suspendReason !== after.suspendReason)
      changes.push({ kind: 'suspended', reason: after.suspendReason });
  }
  if (was?.desiredState === 'suspended' && after.desiredState === 'active') changes.push({ kind: 'resumed' });
  if (after.desiredState !== 'deleted' && was?.deleteAfter?.getTime() !== after.deleteAfter?.getTime()) {
    if (after.deleteAfter) changes.push({ kind: 'deletion_scheduled', deleteAfter: after.deleteAfter });
    else changes.push({ kind: 'deletion_cancelled' });
  }
  if (was && was.desiredState !== 'deleted' && after.desiredState === 'deleted')
    changes.push({ kind: 'deleting' });
  if (!was?.activeAt && after.activeAt) changes.push({ kind: 'active' });
  if (was && was.observedState !== 'deleted' && after.observedState === 'deleted')
    changes.push({ kind: 'deleted' });
  return changes;
}
