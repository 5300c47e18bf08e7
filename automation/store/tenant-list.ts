import type { Queryable } from './database.ts';
import { type Page, pageQuery, textKey, timeKey } from './pages.ts';
import { type Tenant, tenantColumns } from './tenants.ts';

/** Which tenants a caller reaches: a person's own and those of their customers, one, a product's, or all (null). */
export type TenantReach =
  | null
  | { readonly owner: string; readonly customerIds: readonly string[] }
  | { readonly tenantId: string }
  | { readonly product: string };

export interface TenantFilter {
  readonly product?: string | undefined;
  readonly phase?: string | undefined;
  readonly plan?: string | undefined;
  readonly checkout?: string | undefined;
  /** As `matchesTenant` has it. */
  readonly q?: string | undefined;
  /** Whether `q` also finds by e-mail addresses. Only for who may read them all: by searching one can guess them. */
  readonly byEmail: boolean;
}

const emptyReach = { owner: null, customerIds: [], tenantId: null, product: null };

const order = { id: textKey('t.id'), by: { createdAt: timeKey('t.created_at'), slug: textKey('t.slug') } };
export type TenantOrder = keyof typeof order.by;

/** Lists tenants, without slots. */
export async function listTenants(
  db: Queryable,
  reach: TenantReach,
  filter: TenantFilter,
  page: Page<TenantOrder>,
): Promise<Tenant[]> {
  const { owner, customerIds, tenantId, product } = { ...emptyReach, ...reach };
  const { rows } = await db.query<Tenant>(
    ...pageQuery(
      `select ${tenantColumns} from tenantry.tenant t
       where not slot and ($2::text is null or product = $2)
         and ($1::text is null or owner = $1 or subscription_id = any(array(
               select s.id from tenantry.subscription s where s.customer_id = any($5))))
         and ($3::text is null or phase = $3)
         and ($4::text is null or exists (select 1 from tenantry.subscription s
                where s.id = t.subscription_id and s.checkout_id = $4))
         and ($6::text is null or id = $6) and ($7::text is null or product = $7)
         and ($8::text is null or desired_spec->>'plan' = $8)
         and ($9::text is null or ${matchesTenant('$9')} ${filter.byEmail ? `or ${matchesEmail('$9')}` : ''})`,
      [
        owner,
        filter.product ?? null,
        filter.phase ?? null,
        filter.checkout ?? null,
        customerIds,
        tenantId,
        product,
        filter.plan ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows;
}

/**
 * The condition of a search for the tenant `t`: by the beginning of its id, its subscription's id or its owner, or by a part
 * of the slug or the namespace. Case does not matter.
 * @param q the parameter, in lower case
 */
export function matchesTenant(q: string): string {
  return `(starts_with(t.id, ${q}) or starts_with(lower(t.owner), ${q})
    or starts_with(lower(t.subscription_id), ${q})
    or strpos(lower(t.slug), ${q}) > 0 or strpos(lower(t.namespace), ${q}) > 0)`;
}

/**
 * The same by the beginning of an e-mail address of the owner or of the paying organization.
 * @param q the parameter, in lower case
 */
export function matchesEmail(q: string): string {
  return `(exists (select from tenantry.organization_member m
         where m.subject = t.owner and starts_with(m.email, ${q}))
    or exists (select from tenantry.organization o
         where (o.personal_of = t.owner or o.customer_id = t.desired_spec->>'billingAccount')
           and starts_with(lower(o.billing_email), ${q})))`;
}
