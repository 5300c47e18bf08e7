import type Stripe from 'stripe';
import { meterLookupKey } from '../../automation/billing/catalog/index.ts';
import { placeTenant, subscriptionMetadata } from '../../automation/desired/index.ts';
import { addCheckout } from '../../automation/figures/index.ts';
import { ensureCustomer, type Person } from '../../automation/organizations/index.ts';
import { type Cell, listCells } from '../../automation/store/cells.ts';
import type { Queryable } from '../../automation/store/database.ts';
import { isNameTaken } from '../../automation/store/tenant-names.ts';
import {
  findPlan,
  findProduct,
  namespaceFor,
  type Product,
  planLookupKey,
} from '../../tenants/catalog/index.ts';
import { people } from '../access.ts';
import { discountsOf, trialOf } from '../checkout-offers.ts';
import { type CheckoutRequest, checkout, checkoutRequest } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import type { Idempotency } from '../idempotency.ts';
import { signedIn } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import type { ScopedOrganizations } from '../scoped/organizations.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/checkout',
  operationId: 'createCheckout',
  tags: ['Checkout'],
  summary: 'Begin to subscribe to a plan',
  description: 'The answer says where to pay. The tenant appears once Stripe reports the subscription.',
  access: people,
  request: { body: { required: true, content: { 'application/json': { schema: checkoutRequest } } } },
  responses: {
    201: { description: 'Pay at `url`', content: { 'application/json': { schema: checkout } } },
    ...problemResponses,
  },
});

export const checkoutRoutes = (deps: ApiDeps) => {
  const router = createRouter();
  return router.openapi(route, async (c) => {
    const session = await openCheckout(
      deps,
      signedIn(c.get('principal')),
      c.get('organizations'),
      c.get('idempotency'),
      c.req.valid('json'),
    );
    return c.json(session, 201);
  });
};

async function openCheckout(
  { database, stripe, publicUrl, cell }: ApiDeps,
  person: Person,
  organizations: ScopedOrganizations,
  idempotency: Idempotency,
  request: CheckoutRequest,
): Promise<{ id: string; url: string }> {
  const { product, plan } = purchasable(request);
  const { slug } = request;
  const place = await placeOf(database, cell, request);
  if (slug) await assertNameFree(database, { cell: place.id, product, slug, owner: person.subject });
  const organization = await organizations.paying(request.organization);
  const [[price, ...usage], customer] = await Promise.all([
    findPrices(stripe, [planLookupKey(product.id, plan.id), ...usageLookupKeys(product)]),
    ensureCustomer(stripe, database, organization),
  ]);
  const [trial, discounts] = await Promise.all([
    request.trial ? trialOf(database, { product, plan }, customer) : {},
    discountsOf(stripe, request.promotionCode),
  ]);
  const id = `co_${idempotency.token('checkout').slice(0, 16)}`;
  const url = (given: string | undefined, fallback: string) =>
    (given ?? `${publicUrl}${fallback}`).replaceAll('{CHECKOUT_SESSION_ID}', id);
  const session = await stripe.checkout.sessions.create(
    {
      mode: 'subscription',
      line_items: [
        { price, quantity: request.seats ?? 1 },
        // Usage is charged afterwards, with the next period.
        ...usage.map((metered) => ({ price: metered })),
      ],
      ...discounts,
      success_url: url(request.successUrl, '/?checkout={CHECKOUT_SESSION_ID}'),
      cancel_url: url(request.cancelUrl, '/'),
      client_reference_id: id,
      customer,
      subscription_data: {
        ...trial,
        metadata: {
          [subscriptionMetadata.owner]: person.subject,
          [subscriptionMetadata.checkout]: id,
          ...(slug && { [subscriptionMetadata.slug]: slug }),
          ...(request.region && { [subscriptionMetadata.region]: request.region }),
          ...(request.residency && { [subscriptionMetadata.residency]: request.residency }),
        },
      },
    },
    { idempotencyKey: idempotency.token('checkout session') },
  );
  if (!session.url) throw new Problem('unavailable', 'The payment service returned no payment page.');
  // A free plan has nothing to convert to.
  if (plan.price.kind !== 'custom' && plan.price.priceCents > 0)
    await addCheckout(database, { id, product: product.id, plan: plan.id });
  return { id, url: session.url };
}

function purchasable(request: CheckoutRequest) {
  const product = findProduct(request.product);
  const plan = findPlan(request.product, request.plan);
  if (!product || !plan) {
    const plans = product?.plans.map(({ id }) => id).join(', ');
    throw new Problem('invalid_request', `plan: ${request.product} has the plans ${plans}.`, [
      { field: 'plan', message: `must be one of ${plans}` },
    ]);
  }
  if (plan.price.kind === 'custom') {
    throw new Problem('plan_not_for_sale', `The plan ${plan.name} is agreed by hand; contact us.`);
  }
  if (request.seats !== undefined && request.seats > 1 && plan.price.kind !== 'perSeat') {
    throw new Problem('invalid_request', `seats: the plan ${plan.name} is not sold by seats.`, [
      { field: 'seats', message: 'must be 1 or left out' },
    ]);
  }
  if (plan.price.kind === 'perSeat' && (request.seats ?? 1) > plan.price.maxSeats) {
    throw new Problem('invalid_request', `seats: ${plan.name} has at most ${plan.price.maxSeats} seats.`, [
      { field: 'seats', message: `must be at most ${plan.price.maxSeats}` },
    ]);
  }
  return { product, plan };
}

/**
 * Picks the cell that the tenant will be in, like the job that makes the tenant.
 * @throws Problem `invalid_request` when no cell satisfies the request
 */
async function placeOf(
  db: Queryable,
  ownCell: string,
  { product, plan, region, residency }: CheckoutRequest,
): Promise<Cell> {
  const cells = await listCells(db);
  const fallback = cells.find(({ id }) => id === ownCell) ?? { id: ownCell, region: '' };
  const asked = { product, plan, region: region ?? null, residency: residency ?? null };
  const place = placeTenant(asked, cells, fallback);
  if ('cell' in place) return place.cell;
  throw new Problem('invalid_request', `${place.field}: ${place.problem}`, [
    { field: place.field, message: place.problem },
  ]);
}

/** @throws Problem `name_taken` */
async function assertNameFree(
  db: Queryable,
  { cell, product, slug, owner }: { cell: string; product: Product; slug: string; owner: string },
): Promise<void> {
  if (product.namespace.from !== 'slug') return;
  const namespace = namespaceFor(product, { tenantId: '', slug });
  if (await isNameTaken(db, { cell, namespace }, owner)) {
    throw new Problem('name_taken', `slug: the name ${slug} is taken; choose another.`, [
      { field: 'slug', message: 'is taken' },
    ]);
  }
}

/** The lookup keys of metered prices; none for a product on credits, which pay for its use. */
function usageLookupKeys({ id, meters, credits }: Product): string[] {
  if (credits !== undefined) return [];
  return meters.flatMap((meter) => (meter.unitPriceMicros === null ? [] : [meterLookupKey(id, meter.id)]));
}

/** Finds the active prices with these lookup keys, in their order. */
async function findPrices(
  stripe: Stripe,
  lookupKeys: readonly [string, ...string[]],
): Promise<[string, ...string[]]> {
  const { data } = await stripe.prices.list({ lookup_keys: [...lookupKeys], active: true, limit: 100 });
  const find = (key: string): string => {
    const price = data.find(({ lookup_key }) => lookup_key === key);
    if (price) return price.id;
    throw new Problem('unavailable', `Stripe has no active price with the lookup key ${key}.`);
  };
  const [plan, ...usage] = lookupKeys;
  return [find(plan), ...usage.map(find)];
}
