import type { Queryable } from './database.ts';
import { type Tenant, tenantColumns } from './tenants.ts';

/** Which tenants a caller reaches: a person's own and those of their customers, one, a product's, or all (null). */
export type TenantReach =
  | null
  | { readonly owner: string; readonly customerIds: readonly string[] }
  | { readonly tenantId: string }
  | { readonly product: string };

export interface TenantFilter {
  readonly product?: string;
  readonly phase?: string;
  readonly plan?: string;
  readonly checkoutId?: string;
  /**
   * The beginning of an id, a subscription's id, the owner, or an e-mail address of the owner or of the paying
   * organization; or a part of the slug or the namespace. Case does not matter.
   */
  readonly q?: string;
  readonly sort: { readonly by: 'createdAt' | 'slug'; readonly descending: boolean };
  /** The sort value and the id of the previous page's last tenant. */
  readonly after: readonly [Date | string, string] | null;
  readonly limit: number;
}

const emptyReach = { owner: null, customerIds: [], tenantId: null, product: null };

/** Columns to sort by, with their types. Times are cut to the millisecond, as in cursors. */
const sortColumns = {
  createdAt: { column: `date_trunc('milliseconds', t.created_at)`, type: 'timestamptz' },
  slug: { column: 't.slug', type: 'text' },
} as const;

/** Lists tenants, without slots. */
export async function listTenants(
  db: Queryable,
  reach: TenantReach,
  filter: TenantFilter,
): Promise<Tenant[]> {
  const { owner, customerIds, tenantId, product } = { ...emptyReach, ...reach };
  const { column, type } = sortColumns[filter.sort.by];
  const [beyond, direction] = filter.sort.descending ? ['<', 'desc'] : ['>', 'asc'];
  const result = await db.query<Tenant>(
    `select ${tenantColumns} from tenantry.tenant t
     where not slot and ($2::text is null or product = $2)
       and ($1::text is null or owner = $1 or subscription_id = any(array(
             select s.id from tenantry.subscription s where s.customer_id = any($8))))
       and ($3::text is null or phase = $3)
       and ($4::text is null or exists (select 1 from tenantry.subscription s
              where s.id = t.subscription_id and s.checkout_id = $4))
       and ($5::${type} is null or (${column}, t.id) ${beyond} ($5, $6))
       and ($9::text is null or id = $9) and ($10::text is null or product = $10)
       and ($11::text is null or desired_spec->>'plan' = $11)
       and ($12::text is null or ${matches('$12')})
     order by ${column} ${direction}, t.id ${direction} limit $7`,
    [
      owner,
      filter.product ?? null,
      filter.phase ?? null,
      filter.checkoutId ?? null,
      filter.after?.[0] ?? null,
      filter.after?.[1] ?? null,
      filter.limit,
      customerIds,
      tenantId,
      product,
      filter.plan ?? null,
      filter.q?.toLowerCase() ?? null,
    ],
  );
  return result.rows;
}

/** The condition of a search. @param q the parameter, in lower case */
function matches(q: string): string {
  return `(starts_with(t.id, ${q}) or starts_with(lower(t.owner), ${q})
    or starts_with(lower(t.subscription_id), ${q})
    or strpos(lower(t.slug), ${q}) > 0 or strpos(lower(t.namespace), ${q}) > 0
    or exists (select from tenantry.organization_member m
         where m.subject = t.owner and starts_with(m.email, ${q}))
    or exists (select from tenantry.organization o
         where (o.personal_of = t.owner or o.customer_id = t.desired_spec->>'billingAccount')
           and starts_with(lower(o.billing_email), ${q})))`;
}
