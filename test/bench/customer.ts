/** Customers who pay, and the webhooks that Stripe would send for their payments. */
import pg from 'pg';
import type Stripe from 'stripe';
import type { TenantView } from '../../api/contract/tenant.ts';
import { KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { Discovery, objectPath } from '../../automation/providers/kubernetes/discovery.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import type { Installation } from './installation.ts';

export interface Purchase {
  readonly product: ProductId;
  readonly plan: string;
}

/** Every plan that checkout sells, alternating between products: the first ones are one plan of each product. */
export function purchases(count: number): Purchase[] {
  const byProduct = catalog.map(({ id, plans }) =>
    plans.filter(({ price }) => price.kind !== 'custom').map((plan) => ({ product: id, plan: plan.id })),
  );
  return Array.from({ length: count }, (_, index) => {
    const plans = byProduct[index % byProduct.length] ?? [];
    const purchase = plans[Math.floor(index / byProduct.length) % plans.length];
    if (!purchase) throw new Error('a product of the catalog sells nothing');
    return purchase;
  });
}

/** A payment that Stripe has taken but not reported yet. */
export interface Payment {
  readonly purchase: Purchase;
  readonly subscriptionId: string;
  /** Every event of it that a webhook endpoint gets, oldest first. */
  readonly events: readonly Stripe.Event[];
}

let paid = 0;

/** Buys through the checkout, up to the point where Stripe begins to deliver. */
export async function pay(installation: Installation, purchase: Purchase): Promise<Payment> {
  const { stripe } = installation;
  const newest = (await stripe.events.list({ limit: 1 })).data[0]?.id;
  paid += 1;
  const opened = await installation.post<{ url: string }>('/v1/checkout', {
    ...purchase,
    slug: `bench-${process.pid.toString(36)}-${paid}`,
  });
  const session = /cs_\w+/.exec(opened.url)?.[0];
  if (!session) throw new Error(`no session in ${opened.url}`);
  const completed = await installation.control<{ subscription: string }>(`/checkout/${session}/pay`, {});
  const { data } = await stripe.events.list({ limit: 100, ...(newest && { ending_before: newest }) });
  return { purchase, subscriptionId: completed.subscription, events: data.reverse() };
}

/** Sends one signed delivery as Stripe does; rejects unless it is acknowledged. */
export async function deliver(installation: Installation, event: { readonly id: string }): Promise<void> {
  const payload = JSON.stringify(event);
  const answer = await fetch(`${installation.endpoints.api}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': sign(installation, payload) },
    body: payload,
  });
  if (!answer.ok) throw new Error(`the webhook answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

export function sign({ stripe, webhookSecret }: Installation, payload: string): string {
  return stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret });
}

/** Follows the tenants of an installation as a customer's page does: woken by changes, reading over HTTP. */
export interface Watch {
  /**
   * Resolves with the tenant at the first `GET /v1/tenants/{id}` for which the condition holds; rejects when the
   * tenant fails first, or after a minute.
   */
  until(subscriptionId: string, holds: (tenant: TenantView) => boolean): Promise<TenantView>;
}

interface Waiter {
  readonly subscriptionId: string;
  readonly holds: (tenant: TenantView) => boolean;
  readonly settle: (outcome: TenantView | Error) => void;
}

/** Far longer than anything measured here. */
const patienceMs = 60_000;

export async function watchTenants(installation: Installation): Promise<Watch> {
  const waiters = new Set<Waiter>();
  /** For a tenant during a read: whether it changed meanwhile. */
  const reading = new Map<string, boolean>();
  const read = async (id: string): Promise<void> => {
    if (reading.has(id)) {
      reading.set(id, true);
      return;
    }
    do {
      reading.set(id, false);
      const tenant = await installation.get<TenantView>(`/v1/tenants/${id}`);
      for (const waiter of waiters) {
        if (waiter.subscriptionId !== tenant.subscription?.id) continue;
        if (waiter.holds(tenant)) waiter.settle(tenant);
        else if (tenant.reason) waiter.settle(new Error(`${id}: ${tenant.reason.message} ${tenant.cause}`));
      }
    } while (reading.get(id));
    reading.delete(id);
  };
  const client = new pg.Client({ connectionString: installation.workerEnvironment.DATABASE_URL });
  client.on('notification', ({ payload }) => {
    // Customers see no unclaimed slot: it answers 404.
    if (payload && waiters.size > 0) void read(payload).catch(() => reading.delete(payload));
  });
  await client.connect();
  installation.onEnd(() => client.end());
  await client.query('listen tenantry_tenant');
  return {
    until: (subscriptionId, holds) =>
      new Promise((resolve, reject) => {
        const tooLong = () => waiter.settle(new Error(`no tenant of ${subscriptionId} as wanted`));
        const timer = setTimeout(tooLong, patienceMs);
        const waiter: Waiter = {
          subscriptionId,
          holds,
          settle(outcome) {
            clearTimeout(timer);
            waiters.delete(waiter);
            if (outcome instanceof Error) reject(outcome);
            else resolve(outcome);
          },
        };
        waiters.add(waiter);
      }),
  };
}

export interface Provisioned {
  readonly tenant: TenantView;
  readonly ms: number;
}

/** Delivers all events of a payment at once and times from just before the first until the tenant reads as active. */
export async function provision(
  installation: Installation,
  watch: Watch,
  payment: Payment,
): Promise<Provisioned> {
  const begun = performance.now();
  const [provisioned] = await Promise.all([
    watch
      // Whoever claims a slot has it at once, even while the next operation brings it to its plan.
      .until(payment.subscriptionId, ({ phase }) => phase === 'active' || phase === 'updating')
      .then((tenant) => ({ tenant, ms: performance.now() - begun })),
    ...payment.events.map((event) => deliver(installation, event)),
  ]);
  return provisioned;
}

/** Returns a function that asks the Kubernetes API for every object of a tenant and rejects when one is missing. */
export function objectChecker(installation: Installation): (tenant: TenantView) => Promise<number> {
  const cluster = new KubernetesClient(loadKubeconfig(installation.endpoints.kubeconfig), {}, () => {});
  installation.onEnd(async () => cluster.close());
  const discovery = new Discovery(cluster);
  return async (tenant) => {
    const objects = tenant.outputs?.objects ?? [];
    if (objects.length === 0) throw new Error(`tenant ${tenant.id} is active without objects`);
    for (const object of objects) {
      const resource = await discovery.find(object);
      if (!resource) throw new Error(`the cluster does not know ${object.kind}`);
      // Rejects for every answer but a success.
      const path = objectPath(object, resource, object.namespace ?? undefined, object.name);
      await cluster.send({ method: 'GET', path });
    }
    return objects.length;
  };
}

/** Works on all items, always so many at once. */
export async function inTurns<Item, Result>(
  atOnce: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
