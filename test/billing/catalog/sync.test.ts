import type { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { CatalogChange } from '../../../automation/billing/catalog/difference.ts';
import { applyCatalog, planCatalog } from '../../../automation/billing/catalog/sync.ts';
import { wantedCatalog } from '../../../automation/billing/catalog/wanted.ts';
import { catalogText } from '../../../cli/text/catalog.ts';
import { catalog } from '../../../tenants/catalog/index.ts';
import { type Promotion, promotions } from '../../../tenants/catalog/promotions.ts';
import type { Product } from '../../../tenants/catalog/types.ts';
import { unrepeated } from '../../local/stripe/call-sites.ts';
import {
  type ClientTee,
  type StripeMock,
  startStripeMock,
  teeToStripeMock,
} from '../../local/stripe/conformance.ts';
import * as simulated from '../../local/stripe/simulated.ts';
import { subscribe, tinyCatalog } from '../../local/stripe/simulated.ts';

const tinyPromotion: Promotion = {
  id: 'welcome',
  name: 'Welcome',
  code: 'HELLO',
  discountBasisPoints: 2_500,
  months: 3,
};
const tiny = wantedCatalog(tinyCatalog, [tinyPromotion]);

/** The catalog with another price of the plan `small`. */
function repriced(priceCents: number): readonly Product[] {
  return tinyCatalog.map((product) => ({
    ...product,
    plans: product.plans.map((plan) =>
      plan.id === 'small' ? { ...plan, price: { kind: 'flat', priceCents, interval: 'month' } } : plan,
    ),
  }));
}

const brief = (changes: readonly CatalogChange[]) =>
  changes.map(({ action, kind, key }) => `${action} ${kind} ${key}`);

async function sync(stripe: Stripe, wanted: typeof tiny) {
  const plan = await planCatalog(stripe, wanted);
  await applyCatalog(stripe, wanted, plan);
  return plan;
}

let mock: StripeMock;
let tee: ClientTee;
beforeAll(async () => {
  mock = await startStripeMock(inject('tools')['stripe-mock']);
  tee = teeToStripeMock(mock);
});
afterAll(() => mock?.stop());

/** A simulator in memory, ended with the test, whose client's requests are repeated to stripe-mock. */
async function simulate(options: Parameters<typeof simulated.simulate>[0]): Promise<simulated.Simulated> {
  const { simulator } = await simulated.simulate(options);
  return { simulator, stripe: tee.clientOf(simulator) };
}

describe('an empty account', () => {
  test('gets the whole catalog and a second run changes nothing', async () => {
    const { stripe } = await simulate({ catalog: [] });
    const wanted = wantedCatalog(catalog, promotions);

    const first = await sync(stripe, wanted);
    expect(
      first.changes.filter(({ action, kind }) => action === 'create' && kind === 'product'),
    ).toHaveLength(wanted.products.length);
    const again = await sync(stripe, wanted);
    expect([again.changes, again.kept]).toEqual([[], []]);

    const { data } = await stripe.prices.list({
      lookup_keys: ['tenantry:stream:business', 'tenantry-meter:stream:stream_vcpu_hours'],
      expand: ['data.product'],
    });
    const prices = data.map(({ lookup_key: key, unit_amount_decimal: cents, recurring, product }) => ({
      key,
      cents: String(cents),
      usage: recurring?.usage_type,
      unit: (product as Stripe.Product).unit_label,
      isDefault: data.some(({ id }) => id === (product as Stripe.Product).default_price),
    }));
    expect(prices.sort((a, b) => (a.cents < b.cents ? -1 : 1))).toEqual([
      {
        key: 'tenantry-meter:stream:stream_vcpu_hours',
        cents: '5',
        usage: 'metered',
        unit: 'vCPU-hour',
        isDefault: true,
      },
      { key: 'tenantry:stream:business', cents: '9900', usage: 'licensed', unit: 'seat', isDefault: true },
    ]);
    // Every kind of change, so that each request is seen.
    const [coupon] = (await stripe.coupons.list()).data;
    const [code] = (await stripe.promotionCodes.list({ code: 'WELCOME20' })).data;
    const [meter] = (await stripe.billing.meters.list({ limit: 1 })).data;
    await stripe.coupons.update(coupon?.id ?? '', { name: 'Other' });
    await stripe.promotionCodes.update(code?.id ?? '', { active: false });
    await stripe.billing.meters.deactivate(meter?.id ?? '');
    await sync(stripe, wanted);
    await sync(stripe, wantedCatalog(catalog.slice(1)));
  });
});

describe('an account that has the catalog', () => {
  test('made by the simulator itself needs no change', async () => {
    const { stripe } = await simulate({ promotions: [tinyPromotion] });
    const { changes, kept } = await planCatalog(stripe, tiny);
    expect([changes, kept]).toEqual([[], []]);
  });

  test('is mended where somebody changed it in the dashboard', async () => {
    const { stripe } = await simulate({ promotions: [tinyPromotion] });
    const product = (await stripe.products.list()).data.find(({ name }) => name.endsWith('Small'));
    const [large] = (await stripe.prices.list({ lookup_keys: ['tenantry:workspace:large'] })).data;
    const [meter] = (await stripe.billing.meters.list()).data;
    await stripe.products.update(product?.id ?? '', { name: 'Tiny', description: '', active: false });
    await stripe.prices.update(large?.id ?? '', {
      lookup_key: '',
      nickname: 'Huge',
      metadata: { tenantry_per: '' },
    });
    await stripe.billing.meters.update(meter?.id ?? '', { display_name: 'Wrong' });
    const plan = await planCatalog(stripe, tiny);
    const text = catalogText(plan);
    expect(text).toContain('    name: Tiny -> Workspaces: Small');
    expect(text).toContain('    description: (none) -> Developer workspaces');
    expect(text).toContain('    active: false -> true');
    await applyCatalog(stripe, tiny, plan);
    expect((await planCatalog(stripe, tiny)).changes).toEqual([]);
    expect((await stripe.products.retrieve(product?.id ?? '')).name).toBe('Workspaces: Small');
  });

  test('keeps what is not of the catalog as it is', async () => {
    const { stripe } = await simulate({ promotions: [tinyPromotion] });
    const foreign = await stripe.products.create({ name: 'T-shirt' });
    await stripe.prices.create({ product: foreign.id, currency: 'usd', unit_amount: 900 });
    const byHand = (await stripe.products.list()).data.find(({ name }) => name.endsWith('Enterprise'));
    await stripe.prices.create({
      product: byHand?.id ?? '',
      currency: 'usd',
      unit_amount: 990_000,
      recurring: { interval: 'month' },
      metadata: { tenantry_product: 'workspace', tenantry_plan: 'enterprise', tenantry_per: 'custom' },
    });
    expect((await planCatalog(stripe, tiny)).changes).toEqual([]);
  });
});

describe('another amount', () => {
  test('is another price with the lookup key; the old one is archived once nobody pays by it', async () => {
    const it = await simulate({ promotions: [tinyPromotion] });
    const { stripe } = it;
    const { subscription } = await subscribe(it);
    const old = subscription.items.data[0]?.price.id ?? '';
    const dearer = wantedCatalog(repriced(1900), [tinyPromotion]);

    const plan = await sync(stripe, dearer);
    expect(brief(plan.changes)).toEqual([
      'replace price tenantry:workspace:small',
      'update product workspace:small',
    ]);
    expect(plan.changes[0]?.fields).toEqual([{ field: 'cents', from: '1500', to: '1900' }]);
    const [current] = (await stripe.prices.list({ lookup_keys: ['tenantry:workspace:small'] })).data;
    expect(current).toMatchObject({ unit_amount: 1900, active: true });

    const kept = await sync(stripe, dearer);
    expect(kept.changes).toEqual([]);
    expect(kept.kept).toMatchObject([{ kind: 'price', id: old }]);
    const item = (await stripe.subscriptions.retrieve(subscription.id)).items.data[0];
    expect(item?.price).toMatchObject({ id: old, lookup_key: null, unit_amount: 1500, active: true });

    await stripe.subscriptions.cancel(subscription.id);
    expect(brief((await sync(stripe, dearer)).changes)).toEqual(['archive price workspace:small']);
    expect((await stripe.prices.retrieve(old)).active).toBe(false);

    // Back again: reuses the old price instead of making a third one.
    const back = await sync(stripe, tiny);
    expect(back.changes[0]).toMatchObject({ action: 'update', kind: 'price', id: old });
    expect((await stripe.prices.list({ lookup_keys: ['tenantry:workspace:small'] })).data[0]?.id).toBe(old);
    expect((await planCatalog(stripe, tiny)).changes).toEqual([]);
  });

  test('is made once by two who run at the same time', async () => {
    const { stripe } = await simulate({ promotions: [tinyPromotion] });
    const dearer = wantedCatalog(repriced(1900), [tinyPromotion]);
    const plans = await Promise.all([planCatalog(stripe, dearer), planCatalog(stripe, dearer)]);
    await Promise.allSettled(plans.map((plan) => applyCatalog(stripe, dearer, plan)));
    await sync(stripe, dearer);
    const prices = (await stripe.prices.list({ limit: 100 })).data;
    expect(prices.filter(({ unit_amount }) => unit_amount === 1900)).toHaveLength(1);
  });
});

test('a plan that leaves the catalog is sold no more; while somebody pays for it, it stays and that is said', async () => {
  const it = await simulate({ promotions: [tinyPromotion] });
  const { subscription } = await subscribe(it);
  const without = wantedCatalog(
    tinyCatalog.map((product) => ({ ...product, plans: product.plans.filter(({ id }) => id !== 'small') })),
  );
  const plan = await sync(it.stripe, without);
  expect(brief(plan.changes)).toEqual(['archive promotionCode HELLO']);
  expect(plan.kept.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
    'price tenantry:workspace:small',
    'product workspace:small',
  ]);
  await it.stripe.subscriptions.cancel(subscription.id);
  expect(brief((await sync(it.stripe, without)).changes)).toEqual(['archive product workspace:small']);
  expect((await planCatalog(it.stripe, without)).changes).toEqual([]);
});

test('a promotion with other terms is another coupon under the same code', async () => {
  const { stripe } = await simulate({ promotions: [tinyPromotion] });
  const generous = wantedCatalog(tinyCatalog, [{ ...tinyPromotion, discountBasisPoints: 5_000 }]);
  expect(brief((await sync(stripe, generous)).changes)).toEqual([
    'create coupon tenantry_welcome_5000_3m',
    'archive promotionCode HELLO',
    'create promotionCode HELLO',
  ]);
  const codes = (await stripe.promotionCodes.list({ code: 'HELLO', active: true })).data;
  expect(codes.map(({ promotion }) => promotion.coupon)).toEqual(['tenantry_welcome_5000_3m']);
  expect((await planCatalog(stripe, generous)).changes).toEqual([]);
});

test('every request of these is what Stripe describes', async () => {
  expect(await unrepeated('test/billing/catalog/sync.test.ts', tee)).toEqual([]);
  expect(await tee.problems()).toEqual([]);
});
