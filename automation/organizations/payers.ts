import { firstRow, type Queryable, storable } from '../store/database.ts';
import { type Page, pageQuery, textKey, timeKey } from '../store/pages.ts';
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

export interface SubscriptionFilter {
  readonly product?: string | undefined;
  readonly plan?: string | undefined;
  readonly status?: string | undefined;
  /** Id of the organization that pays. */
  readonly organization?: string | undefined;
  /**
   * Beginning of the id, of its tenant's or of its owner's, or a part of the name of the organization that pays; in any
   * case.
   */
  readonly q?: string | undefined;
}

const order = { id: textKey('s.id'), by: { createdAt: timeKey('s.created_at') } };

/** @param of only those on one of these customers or bought by the owner; every one when null */
export async function listPaidSubscriptions(
  db: Queryable,
  of: { readonly customerIds: readonly string[]; readonly owner: string } | null,
  filter: SubscriptionFilter,
  page: Page<'createdAt'>,
): Promise<PaidSubscription[]> {
  const { rows } = await db.query<PaidSubscription>(
    ...pageQuery(
      `${select} where s.status is not null and ($1::text[] is null or s.customer_id = any($1) or s.owner = $2)
         and ($3::text is null or s.product = $3) and ($4::text is null or s.plan = $4)
         and ($5::text is null or s.status = $5) and ($6::text is null or o.id = $6)
         and ($7::text is null or starts_with(lower(s.id), $7) or starts_with(t.id, $7)
           or starts_with(lower(s.owner), $7) or strpos(lower(o.name), $7) > 0)`,
      [
        of?.customerIds ?? null,
        of === null ? null : storable(of.owner),
        filter.product ?? null,
        filter.plan ?? null,
        filter.status ?? null,
        filter.organization ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows;
}
