/** Plays a customer, who subscribes and waits through the same doors as a real one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantView } from '../../api/contract/tenant.ts';
import { planLookupKey } from '../../tenants/catalog/index.ts';
import type { Tenantry } from './tenantry.ts';
import { until, type WaitOptions } from './wait.ts';

export interface Purchase {
  readonly product: string;
  readonly plan: string;
  readonly slug?: string;
  readonly seats?: number;
}

/** Opens a checkout and pays; answers the checkout's id. */
export async function pay(
  tenantry: Tenantry,
  email: string,
  purchase: Purchase,
): Promise<{ checkoutId: string; token: string }> {
  const token = await tenantry.token(email);
  const opened = await tenantry.request('POST', '/v1/checkout', { body: purchase, token });
  if (opened.status !== 201)
    throw new Error(`checkout answered ${opened.status}: ${JSON.stringify(opened.body)}`);
  const { id, url } = opened.body as { id: string; url: string };
  const session = /cs_\w+/.exec(url)?.[0];
  if (!session) throw new Error(`no session in ${url}`);
  tenantry.stripe.payCheckout(session);
  return { checkoutId: id, token };
}

/** Pays and waits until the tenant is active and settled. */
export async function subscribe(
  tenantry: Tenantry,
  email: string,
  purchase: Purchase,
): Promise<{ tenant: TenantView; token: string; checkoutId: string }> {
  const { checkoutId, token } = await pay(tenantry, email, purchase);
  const tenant = await untilTenant(tenantry, `checkout=${checkoutId}`, isSettled('active'));
  return { tenant, token, checkoutId };
}

/** Changes the plan at Stripe, like somebody on Stripe's own pages. */
export async function changePlan(tenantry: Tenantry, tenant: TenantView, plan: string): Promise<void> {
  const { stripeClient } = tenantry;
  const subscription = await stripeClient.subscriptions.retrieve(tenant.subscription?.id ?? '');
  const { data } = await stripeClient.prices.list({ lookup_keys: [planLookupKey(tenant.product, plan)] });
  await stripeClient.subscriptions.update(subscription.id, {
    items: [{ id: subscription.items.data[0]?.id ?? '', price: data[0]?.id ?? '' }],
  });
}

/** True for a tenant in the phase, with nothing left to do. */
export function isSettled(phase: TenantView['phase']): (tenant: TenantView) => boolean {
  return (tenant) => tenant.phase === phase && tenant.desired.generation === tenant.observed.generation;
}

/** Waits until the tenant that a query of `/v1/tenants` finds first fulfils a condition. */
export async function untilTenant(
  tenantry: Tenantry,
  query: string,
  holds: (tenant: TenantView) => boolean,
  options: WaitOptions = {},
): Promise<TenantView> {
  let last: TenantView | undefined;
  try {
    return await until(async () => {
      const { tenants } = (await tenantry.request('GET', `/v1/tenants?${query}`)).body as {
        tenants: TenantView[];
      };
      last = tenants[0];
      return last && holds(last) ? last : null;
    }, options);
  } catch (error) {
    throw new Error(`no tenant of ${query} as wanted; ${await story(tenantry, last)}`, { cause: error });
  }
}

/** Waits until a tenant fulfils a condition. */
export async function untilTenantIs(
  tenantry: Tenantry,
  id: string,
  holds: (tenant: TenantView) => boolean,
  options: WaitOptions = {},
): Promise<TenantView> {
  let last: TenantView | undefined;
  try {
    return await until(async () => {
      last = (await tenantry.request('GET', `/v1/tenants/${id}`)).body as TenantView;
      return holds(last) ? last : null;
    }, options);
  } catch (error) {
    throw new Error(`the tenant is not as wanted; ${await story(tenantry, last)}`, { cause: error });
  }
}

/** Explains a failed wait: the tenant, its timeline, and the end of the programs' logs. */
async function story(tenantry: Tenantry, tenant: TenantView | undefined): Promise<string> {
  const timeline =
    tenant && (await tenantry.request('GET', `/v1/tenants/${tenant.id}/timeline`).catch(String));
  const log = await readFile(join(tenantry.home, 'programs.log'), 'utf8').catch(String);
  return `the last seen: ${JSON.stringify(tenant)}\n${JSON.stringify(timeline)}\n${log.slice(-4000)}`;
}
