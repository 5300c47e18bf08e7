import type Stripe from 'stripe';
import type { Entitlement, SubscriptionFacts } from '../desired/index.ts';
import type { Follower } from '../followers.ts';
import type { NewAuditEntry } from '../store/audit.ts';
import type { Queryable } from '../store/database.ts';
import { creditAllowance } from './allowance.ts';
import { type CreditGrant, grantCredits } from './book.ts';
import { restraintOf } from './brake.ts';
import { settleBrake } from './means.ts';
import { readGrants } from './read-grants.ts';

/** Books the credits that a subscription pays for, and brakes its tenant while it has nothing left to spend. */
export function ledgerFollower(database: Queryable, stripe: Stripe): Follower {
  return {
    name: 'ledger',
    async subscriptionFetched({ subscription, facts }) {
      const grants = await readGrants(database, stripe, subscription);
      return {
        apply: (client, tenantId, entitlement) => credit(client, tenantId, facts, entitlement, grants),
      };
    },
    async restrains(client, tenant, at) {
      return restraintOf((await settleBrake(client, tenant, at)).brake);
    },
  };
}

/** Books the credits that the subscription paid for; credits end with the subscription. */
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
      message: `${grant.amount} credits ${grant.adds ? 'for the bigger plan' : 'for the paid period'}`,
      data: { ...grant },
    });
  }
  return booked;
}
