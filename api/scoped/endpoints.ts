import {
  type Endpoint,
  type EndpointScope,
  findDelivery,
  findEndpoint,
} from '../../automation/notify/index.ts';
import type { Queryable } from '../../automation/store/database.ts';
import { askedTenant } from '../contract/tenant.ts';
import { Problem } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { ScopedTenants } from './tenants.ts';

type Delivery = NonNullable<Awaited<ReturnType<typeof findDelivery>>>;

/** The webhook endpoints that one principal reaches. */
export interface ScopedEndpoints {
  /**
   * Whose endpoints a request is about.
   * @throws Problem as `ScopedTenants.find` does; `invalid_request` when the request names a tenant and a product;
   *   `forbidden` for a product, or for all tenants, unless the principal reaches them
   */
  scope(asked: {
    readonly tenant?: string | undefined;
    readonly product?: string | undefined;
  }): Promise<EndpointScope>;
  /** @throws Problem `not_found`, also for somebody else's; `forbidden` as `ScopedTenants.find` does */
  find(id: string): Promise<Endpoint>;
  /** A delivery to one of these endpoints. @throws Problem as `find` does */
  delivery(id: number): Promise<Delivery>;
}

export function scopedEndpoints(
  db: Queryable,
  principal: Principal,
  tenants: ScopedTenants,
): ScopedEndpoints {
  const find = async (id: string): Promise<Endpoint> => {
    const endpoint = await findEndpoint(db, id);
    const missing = () => new Problem('not_found', `There is no webhook endpoint ${JSON.stringify(id)}.`);
    if (!endpoint) throw missing();
    const { tenantId, product } = endpoint;
    if (tenantId !== null) {
      await tenants.find(askedTenant(tenantId)).catch((error: unknown) => {
        throw error instanceof Problem && error.code === 'not_found' ? missing() : error;
      });
    } else if (!reachesProduct(principal, product)) throw missing();
    return endpoint;
  };
  return {
    async scope({ tenant, product }) {
      if (tenant !== undefined && product !== undefined)
        throw new Problem('invalid_request', 'product: leave it out, as the tenant has one', [
          { field: 'product', message: 'leave it out, as the tenant has one' },
        ]);
      if (tenant !== undefined) {
        const { id } = await tenants.find(askedTenant(tenant));
        return { kind: 'tenant', tenantId: id };
      }
      const own = principal.kind === 'service' ? (principal.product ?? undefined) : undefined;
      const wanted = product ?? own;
      if (!reachesProduct(principal, wanted ?? null))
        throw new Problem('forbidden', 'tenant: name the tenant whose endpoints you mean.', [
          { field: 'tenant', message: 'is missing' },
        ]);
      return wanted === undefined ? { kind: 'all' } : { kind: 'product', product: wanted };
    },
    find,
    async delivery(id) {
      const delivery = await findDelivery(db, id);
      if (!delivery) throw new Problem('not_found', `There is no notification ${id}.`);
      await find(delivery.endpointId);
      return delivery;
    },
  };
}

/** Whether the principal reaches every tenant of a product; null stands for all products. */
function reachesProduct(principal: Principal, product: string | null): boolean {
  if (principal.kind === 'operator') return true;
  return principal.kind === 'service' && (principal.product === null || principal.product === product);
}
