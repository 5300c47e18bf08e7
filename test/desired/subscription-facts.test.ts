import fc from 'fast-check';
import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { readSubscription } from '../../automation/desired/subscription-facts.ts';
import { slugPattern } from '../../tenants/catalog/names.ts';

function item(lookupKey: string | null, more: Record<string, unknown> = {}) {
  return {
    id: `si_${lookupKey}`,
    quantity: 1,
    current_period_end: 1_800_000_000,
    price: { id: `price_${lookupKey}`, lookup_key: lookupKey },
    ...more,
  };
}

function subscription(
  more: Record<string, unknown> = {},
  items: unknown[] = [item('tenantry:workspace:byoc')],
) {
  return {
    id: 'sub_1',
    object: 'subscription',
    status: 'active',
    customer: 'cus_1',
    metadata: { tenantry_owner: 'ada', tenantry_slug: 'acme', tenantry_checkout: 'co_1-x_y' },
    cancel_at_period_end: false,
    items: { data: items },
    ...more,
  } as unknown as Stripe.Subscription;
}

describe('readSubscription', () => {
  test('takes what checkout wrote and what was bought', () => {
    expect(readSubscription(subscription())).toEqual({
      id: 'sub_1',
      status: 'active',
      customerId: 'cus_1',
      owner: 'ada',
      slug: 'acme',
      checkoutId: 'co_1-x_y',
      region: null,
      residency: null,
      currentPeriodEnd: new Date(1_800_000_000_000),
      cancelAtPeriodEnd: false,
      bought: { product: 'workspace', plan: 'byoc', seats: 1 },
    });
  });

  test('knows the customer by id or as a whole', () => {
    expect(readSubscription(subscription({ customer: { id: 'cus_2' } })).customerId).toBe('cus_2');
  });

  test('gives a subscription made outside our checkout to its Stripe customer', () => {
    expect(readSubscription(subscription({ metadata: {} }))).toMatchObject({
      owner: 'stripe:cus_1',
      slug: null,
      checkoutId: null,
    });
  });

  test('finds the plan among metered items, in whatever order', () => {
    const metered = item('tenantry-meter:stream:vcpu', { quantity: undefined, current_period_end: 1 });
    const plan = item('tenantry:stream:professional', { quantity: 4 });
    for (const items of [
      [metered, plan],
      [plan, metered],
    ]) {
      expect(readSubscription(subscription({}, items))).toMatchObject({
        bought: { product: 'stream', plan: 'professional', seats: 4 },
        currentPeriodEnd: new Date(1_800_000_000_000),
      });
    }
  });

  test.each([
    ['an unknown plan', [item('tenantry:workspace:gold')], /tenantry:workspace:gold/],
    ['an unknown product', [item('tenantry:mining:byoc')], /tenantry:mining:byoc/],
    ['a price without a key', [item(null)], /price_null/],
    ['a key with too much', [item('tenantry:workspace:byoc:x')], /byoc:x/],
    ['a key with too little', [item('tenantry:workspace')], /tenantry:workspace/],
    ['the keys of objects', [item('tenantry:__proto__:constructor')], /__proto__/],
    ['no items', [], /\(none\)/],
  ])('says what is wrong with %s', (_name, items, says) => {
    const { bought } = readSubscription(subscription({}, items));
    expect('problem' in bought ? bought.problem : '').toMatch(says);
  });

  test.each([
    '../../etc/passwd',
    'a'.repeat(300),
    'ünïcode',
    "x'; drop table tenantry.tenant; --",
    'a: &x [*x]',
    'a\u0000b',
    'acme\n',
    'Acme',
    '',
    '-acme',
  ])('takes the name %j for none', (slug) => {
    expect(readSubscription(subscription({ metadata: { tenantry_slug: slug } })).slug).toBeNull();
  });

  test.each(['a\u0000b', 'a'.repeat(257), 'line\nbreak', '\ud800', ''])(
    'takes the owner %j for none',
    (owner) => {
      expect(readSubscription(subscription({ metadata: { tenantry_owner: owner } })).owner).toBe(
        'stripe:cus_1',
      );
    },
  );

  test.each(['auth0|5f7c8ec7c33c6c004bbafe82', 'https://issuer.example/ünï#1', 'a b', '名'])(
    'takes the owner %j, as identity providers give such',
    (owner) => {
      expect(readSubscription(subscription({ metadata: { tenantry_owner: owner } })).owner).toBe(owner);
    },
  );

  test('reads any metadata without an error, into what our tables and names can hold', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 400 }));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('tenantry_owner', 'tenantry_slug', 'tenantry_checkout'), text),
        (metadata) => {
          const facts = readSubscription(subscription({ metadata }));
          expect(facts.owner).not.toContain('\u0000');
          expect(facts.owner.length).toBeLessThanOrEqual(512);
          if (facts.slug !== null) expect(facts.slug).toMatch(slugPattern);
          if (facts.checkoutId !== null) expect(facts.checkoutId).toMatch(/^[\w-]+$/);
        },
      ),
    );
  });
});
