import type { Role } from '../../automation/organizations/index.ts';
import type { Queryable } from '../../automation/store/database.ts';
import type { Page } from '../../automation/store/pages.ts';
import { findCheckoutProblem } from '../../automation/store/subscriptions.ts';
import {
  listTenants,
  type TenantFilter,
  type TenantOrder,
  type TenantReach,
} from '../../automation/store/tenant-list.ts';
import { findTenant, findTenants, type Tenant } from '../../automation/store/tenants.ts';
import type { AskedTenant } from '../contract/tenant.ts';
import { Problem } from '../errors.ts';
import type { Principal } from '../principal.ts';

/** The tenants of one principal. For routes there are no others. */
export interface ScopedTenants {
  /**
   * @throws Problem `not_found`, also for somebody else's tenant; `forbidden` when a viewer of the paying organization wants
   *   to change it
   */
  find(asked: AskedTenant, db?: Queryable): Promise<Tenant>;
  /** Finds it and locks its row until the end of the client's transaction. */
  lock(client: Queryable, asked: AskedTenant): Promise<Tenant>;
  /** Finds those of the tenants that the principal may change, by id. */
  findSome(asked: readonly AskedTenant[]): Promise<ReadonlyMap<string, Tenant>>;
  /** Operators find tenants by e-mail addresses, too. */
  list(filter: Omit<TenantFilter, 'byEmail'>, page: Page<TenantOrder>): Promise<Tenant[]>;
  /** Why a checkout of theirs led to no tenant; null when nothing is known against it. */
  checkoutProblem(checkoutId: string): Promise<string | null>;
}

export function scopedTenants(db: Queryable, principal: Principal, changes: boolean): ScopedTenants {
  return {
    find: async (asked, client = db) =>
      permitted(principal, changes, asked, await findTenant(client, asked.askedId)),
    lock: async (client, asked) =>
      permitted(principal, changes, asked, await findTenant(client, asked.askedId, { lock: true })),
    findSome: async (asked) => {
      const found = await findTenants(
        db,
        asked.map(({ askedId }) => askedId),
      );
      return new Map(
        found.filter((tenant) => roleFor(principal, tenant) === 'admin').map((tenant) => [tenant.id, tenant]),
      );
    },
    list: (filter, page) =>
      listTenants(db, reachOf(principal), { ...filter, byEmail: principal.kind === 'operator' }, page),
    checkoutProblem: async (checkoutId) => {
      const reach = reachOf(principal);
      return reach === null || 'owner' in reach ? findCheckoutProblem(db, checkoutId, reach) : null;
    },
  };
}

function permitted(
  principal: Principal,
  changes: boolean,
  { askedId }: AskedTenant,
  tenant: Tenant | null,
): Tenant {
  const role = tenant && roleFor(principal, tenant);
  if (!tenant || !role)
    throw new Problem('not_found', `There is no tenant ${JSON.stringify(askedId.slice(0, 64))}.`);
  if (changes && role !== 'admin')
    throw new Problem(
      'forbidden',
      'This changes the tenant, which needs the role admin in its organization.',
    );
  return tenant;
}

/** The principal's role for the tenant; null when the principal must not know of it. */
export function roleFor(
  principal: Principal,
  tenant: Pick<Tenant, 'id' | 'owner' | 'product' | 'slot' | 'desiredSpec'>,
): Role | null {
  switch (principal.kind) {
    case 'operator':
      return 'admin';
    case 'person':
      return roleOfPerson(principal, tenant);
    case 'apiKey':
      if (principal.owner.kind === 'person') return roleOfPerson(principal.owner, tenant);
      return principal.owner.tenantId === tenant.id ? 'admin' : null;
    case 'service':
      return !tenant.slot && (principal.product ?? tenant.product) === tenant.product ? 'admin' : null;
  }
}

/** A tenant's buyer and the members of the paying organization have a role. */
function roleOfPerson(
  { subject, customers }: { readonly subject: string; readonly customers: ReadonlyMap<string, Role> },
  { owner, desiredSpec }: Pick<Tenant, 'owner' | 'desiredSpec'>,
): Role | null {
  if (owner === subject) return 'admin';
  return customers.get(desiredSpec.billingAccount ?? '') ?? null;
}

/** The same for lists; null for every tenant. */
export function reachOf(principal: Principal): TenantReach {
  switch (principal.kind) {
    case 'operator':
      return null;
    case 'person':
      return { owner: principal.subject, customerIds: [...principal.customers.keys()] };
    case 'apiKey':
      if (principal.owner.kind === 'tenant') return { tenantId: principal.owner.tenantId };
      return { owner: principal.owner.subject, customerIds: [...principal.owner.customers.keys()] };
    case 'service':
      return principal.product === null ? null : { product: principal.product };
  }
}
