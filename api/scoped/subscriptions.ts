import {
  findPaidSubscription,
  listPaidSubscriptions,
  type PaidSubscription,
  type Role,
  type SubscriptionFilter,
} from '../../automation/organizations/index.ts';
import type { Queryable } from '../../automation/store/database.ts';
import type { Page } from '../../automation/store/pages.ts';
import { Problem } from '../errors.ts';
import { type Principal, signedIn } from '../principal.ts';
import { assertAdmin, type ScopedOrganizations } from './organizations.ts';

/** A subscription and the principal's role in the organization that pays for it. */
export interface SubscriptionAccess {
  readonly subscription: PaidSubscription;
  readonly role: Role;
}

/** The subscriptions of one principal. Each function throws `forbidden` for an API key. */
export interface ScopedSubscriptions {
  /** @throws Problem `not_found`, also for somebody else's */
  find(id: string): Promise<SubscriptionAccess>;
  /** Finds it to change it. @throws Problem `not_found`, or `forbidden` for a viewer */
  findToChange(id: string): Promise<PaidSubscription>;
  list(filter: SubscriptionFilter, page: Page<'createdAt'>): Promise<SubscriptionAccess[]>;
}

export function scopedSubscriptions(
  db: Queryable,
  principal: Principal,
  organizations: ScopedOrganizations,
): ScopedSubscriptions {
  /** A buyer who has left the paying organization still sees the subscription. */
  const roleFor = async ({ owner, organizationId }: PaidSubscription): Promise<Role | null> => {
    const { kind, subject } = signedIn(principal);
    if (kind === 'operator') return 'admin';
    const mine = owner === subject;
    if (organizationId === null) return mine ? 'admin' : null;
    return (await organizations.roleIn({ id: organizationId })) ?? (mine ? 'viewer' : null);
  };

  const find = async (id: string): Promise<SubscriptionAccess> => {
    const subscription = await findPaidSubscription(db, id);
    const role = subscription && (await roleFor(subscription));
    if (!subscription || !role)
      throw new Problem('not_found', `There is no subscription ${JSON.stringify(id.slice(0, 64))}.`);
    return { subscription, role };
  };

  return {
    find,
    findToChange: async (id) => {
      const { subscription, role } = await find(id);
      assertAdmin(role, { name: subscription.organizationName ?? 'its owner' });
      return subscription;
    },
    list: async (filter, page) => {
      const person = signedIn(principal);
      if (person.kind === 'operator')
        return (await listPaidSubscriptions(db, null, filter, page)).map((subscription) => ({
          subscription,
          role: 'admin',
        }));
      const { customers, subject } = person;
      const found = await listPaidSubscriptions(
        db,
        { customerIds: [...customers.keys()], owner: subject },
        filter,
        page,
      );
      return found.map((subscription) => ({
        subscription,
        // Bought without an organization, it is its owner's. Otherwise the list shows it to a buyer who has left.
        role:
          customers.get(subscription.customerId ?? '') ??
          (subscription.organizationId === null ? 'admin' : 'viewer'),
      }));
    },
  };
}
