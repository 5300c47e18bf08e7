import { firstRow, type Queryable, storable } from '../store/database.ts';
import type { Subscription } from '../store/subscriptions.ts';

/** A subscription with its payer and its tenant. */
export interface PaidSubscription extends Omit<Subscription, 'checkoutId' | 'problem' | 'attempts'> {
  /** The organization of its customer; null for one that was bought outside our checkout. */
  readonly organizationId: string | null;
  readonly organizationName: string | null;
  readonly tenantId: string | null;
}

const select = `select s.id, s.status, s.customer_id as "customerId", s.owner, s.product, s.plan, s.seats,
    s.current_period_end as "currentPeriodEnd", s.cancel_at_period_end as "cancelAtPeriodEnd",
    s.past_due_since as "pastDueSince", s.created_at as "createdAt", o.id as "organizationId",
    o.name as "organizationName", t.id as "tenantId"
  from tenantry.subscription s
  left join tenantry.organization o on o.customer_id = s.customer_id
  left join tenantry.tenant t on t.subscription_id = s.id`;

export async function findPaidSubscription(db: Queryable, id: string): Promise<PaidSubscription | null> {
  return firstRow(await db.query<PaidSubscription>(`${select} where s.id = $1`, [storable(id)]));
}

/**
 * Subscriptions by id, at most so many.
 * @param of only those on one of these customers or bought by the owner; every one when null
 * @param after only those whose id comes later
 */
export async function listPaidSubscriptions(
  db: Queryable,
  of: { readonly customerIds: readonly string[]; readonly owner: string } | null,
  { after, limit }: { after: string | null; limit: number },
): Promise<PaidSubscription[]> {
  const result = await db.query<PaidSubscription>(
    `${select} where s.status is not null and ($1::text[] is null or s.customer_id = any($1) or s.owner = $2)
       and ($3::text is null or s.id > $3)
     order by s.id limit $4`,
    [of?.customerIds ?? null, of === null ? null : storable(of.owner), after, limit],
  );
  return result.rows;
}
