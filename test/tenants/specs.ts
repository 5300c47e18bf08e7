import { catalog, findPlan, findProduct, namespaceFor } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { databaseSecret } from '../../tenants/data.ts';
import type { Manifest } from '../../tenants/manifest.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import { keepsRows, resolveTenant, type Tenant } from '../../tenants/tenant.ts';

/** Every plan of every product, as rows of a table. */
export const everyPlan = catalog.flatMap((product) =>
  product.plans.map((plan) => [product.id, plan.id] as const),
);

let made = 0;

/** A tenant id that no other test of this process uses. */
export function freshTenantId(): string {
  made += 1;
  return `t${made.toString(36).padStart(3, '0')}${process.pid.toString(36).padStart(4, '0').slice(-4)}`;
}

/** A valid spec of a plan, with what a test wants different. */
export function specOf(productId: ProductId, planId: string, changes: Partial<TenantSpec> = {}): TenantSpec {
  const product = findProduct(productId);
  if (!product) throw new Error(`no product ${productId}`);
  const tenantId = changes.tenantId ?? 'a1b2c3d4';
  const slug = changes.slug ?? 'acme';
  return {
    tenantId,
    product: productId,
    plan: planId,
    slug,
    namespace: namespaceFor(product, { tenantId, slug }),
    cell: 'us-east-1-a',
    region: 'us-east-1',
    owner: 'auth0|5f7c8ec7c33c6c004bbafe82',
    billingAccount: 'cus_Q1w2E3r4T5y6U7',
    seats: 1,
    state: 'active',
    volumeBytes: findPlan(productId, planId)?.volumeBytes ?? null,
    createdAt: '2026-11-21T03:13:00Z',
    ...changes,
  };
}

export function tenantOf(...parameters: Parameters<typeof specOf>): Tenant {
  return resolveTenant(specOf(...parameters));
}

/** All Kubernetes objects of a tenant, in an order in which they can be created. */
export function manifestsOf(tenant: Tenant): Manifest[] {
  const { namespace, foundation, quota, workload } = tenantObjects(tenant);
  const secret = keepsRows(tenant)
    ? [databaseSecret(tenant, { url: 'postgresql://u:p@host:5432/name', user: 'u', password: 'p' })]
    : [];
  return [namespace, ...foundation, ...secret, quota, ...(workload ? [workload] : [])];
}

/** What a tenant of each plan looks like besides active. */
export const restrained: readonly Partial<TenantSpec>[] = [{ state: 'suspended' }, { throttled: true }];
