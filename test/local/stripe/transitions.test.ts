import type { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  assertStep,
  invoiceTransitions,
  subscriptionTransitions,
} from '../../../automation/local/stripe/subscriptions/transitions.ts';
import { day, idOf, priceOf, type Simulated, simulate, subscribe } from './simulated.ts';

/**
 * The simulator takes each documented step in the way that a customer, an operator or time causes it, and never
 * writes anything else. A step without a way here fails the test of the table.
 */

type Way = (it: Simulated) => Promise<string>;
type Ways = Record<string, { readonly way: Way; readonly dunning?: 'unpaid at once' | 'unpaid later' }>;

async function customerOf({ stripe, simulator }: Simulated, works: boolean | null = true): Promise<string> {
  const { id } = await stripe.customers.create({ email: 'a@example.com' });
  if (works !== null) simulator.setCard(id, { works });
  return id;
}

async function begin(
  it: Simulated,
  given: Partial<Stripe.SubscriptionCreateParams> = {},
  works: boolean | null = true,
): Promise<Stripe.Subscription> {
  const price = await priceOf(it.stripe, 'small');
  return it.stripe.subscriptions.create({
    customer: await customerOf(it, works),
    items: [{ price: price.id }],
    ...given,
  });
}

const trial = (
  it: Simulated,
  given: Partial<Stripe.SubscriptionCreateParams> = {},
  works: boolean | null = true,
) => begin(it, { trial_period_days: 7, ...given }, works);
const incomplete = (it: Simulated) => begin(it, { payment_behavior: 'default_incomplete' });

/** The renewal comes and the card fails, an hour later. */
async function pastDue(it: Simulated): Promise<Stripe.Subscription> {
  const subscription = await begin(it);
  it.simulator.setCard(idOf(subscription.customer), { works: false });
  await it.simulator.advanceClock({ seconds: 32 * day });
  return subscription;
}

const giveTrial = async ({ stripe, simulator }: Simulated, { id }: Stripe.Subscription) => {
  await stripe.subscriptions.update(id, { trial_end: simulator.clock().now + 5 * day });
  return id;
};
const cancel = async ({ stripe }: Simulated, { id }: Stripe.Subscription) => {
  await stripe.subscriptions.cancel(id);
  return id;
};
const pause = async ({ stripe }: Simulated, { id }: Stripe.Subscription) => {
  await stripe.subscriptions.pause(id);
  return id;
};
const payUp = async ({ simulator }: Simulated, { id, customer }: Stripe.Subscription) => {
  simulator.setCard(idOf(customer), { works: true, retry: true });
  return id;
};

const subscriptionWays: Ways = {
  'nothing → active': { way: async (it) => (await subscribe(it)).subscription.id },
  'nothing → trialing': { way: async (it) => (await trial(it)).id },
  'nothing → incomplete': { way: async (it) => (await incomplete(it)).id },
  'incomplete → active': {
    way: async (it) => {
      const { id, latest_invoice: invoice } = await incomplete(it);
      await it.stripe.invoices.pay(idOf(invoice));
      return id;
    },
  },
  'incomplete → incomplete_expired': {
    way: async (it) => {
      const { id } = await incomplete(it);
      await it.simulator.advanceClock({ seconds: 24 * 3600 });
      return id;
    },
  },
  'incomplete → canceled': { way: async (it) => cancel(it, await incomplete(it)) },
  'trialing → active': {
    way: async (it) => {
      const { id } = await trial(it);
      await it.simulator.advanceClock({ seconds: 8 * day });
      return id;
    },
  },
  'trialing → paused': {
    way: async (it) => {
      const end = { end_behavior: { missing_payment_method: 'pause' } } as const;
      const { id } = await trial(it, { trial_settings: end }, null);
      await it.simulator.advanceClock({ seconds: 8 * day });
      return id;
    },
  },
  'trialing → canceled': {
    way: async (it) => {
      const end = { end_behavior: { missing_payment_method: 'cancel' } } as const;
      const { id } = await trial(it, { trial_settings: end }, null);
      await it.simulator.advanceClock({ seconds: 8 * day });
      return id;
    },
  },
  'active → past_due': { way: async (it) => (await pastDue(it)).id },
  'active → trialing': { way: async (it) => giveTrial(it, await begin(it)) },
  'active → paused': { way: async (it) => pause(it, await begin(it)) },
  'active → unpaid': { way: async (it) => (await pastDue(it)).id, dunning: 'unpaid at once' },
  'active → canceled': { way: async (it) => cancel(it, await begin(it)) },
  'past_due → active': { way: async (it) => payUp(it, await pastDue(it)) },
  'past_due → trialing': { way: async (it) => giveTrial(it, await pastDue(it)) },
  'past_due → paused': { way: async (it) => pause(it, await pastDue(it)) },
  'past_due → unpaid': {
    way: async (it) => {
      const { id } = await pastDue(it);
      await it.simulator.advanceClock({ seconds: 4 * day });
      return id;
    },
    dunning: 'unpaid later',
  },
  'past_due → canceled': {
    way: async (it) => {
      const { id } = await pastDue(it);
      await it.simulator.advanceClock({ seconds: 16 * day });
      return id;
    },
  },
  'unpaid → active': { way: async (it) => payUp(it, await pastDue(it)), dunning: 'unpaid at once' },
  'unpaid → trialing': { way: async (it) => giveTrial(it, await pastDue(it)), dunning: 'unpaid at once' },
  'unpaid → canceled': { way: async (it) => cancel(it, await pastDue(it)), dunning: 'unpaid at once' },
  'paused → active': {
    way: async (it) => {
      const subscription = await begin(it);
      await pause(it, subscription);
      await it.stripe.subscriptions.resume(subscription.id);
      return subscription.id;
    },
  },
  'paused → canceled': {
    way: async (it) => {
      const subscription = await begin(it);
      await pause(it, subscription);
      return cancel(it, subscription);
    },
  },
};

const openInvoice = async (it: Simulated) => idOf((await incomplete(it)).latest_invoice);
const writtenOff = async (it: Simulated) => {
  const id = await openInvoice(it);
  await it.stripe.invoices.markUncollectible(id);
  return id;
};

const invoiceWays: Ways = {
  'nothing → draft': { way: openInvoice },
  'draft → open': { way: openInvoice },
  'open → paid': { way: async (it) => idOf((await begin(it)).latest_invoice) },
  'open → void': {
    way: async (it) => {
      const id = await openInvoice(it);
      await it.stripe.invoices.voidInvoice(id);
      return id;
    },
  },
  'open → uncollectible': { way: writtenOff },
  'uncollectible → paid': {
    way: async (it) => {
      const id = await writtenOff(it);
      await it.stripe.invoices.pay(id);
      return id;
    },
  },
  'uncollectible → void': {
    way: async (it) => {
      const id = await writtenOff(it);
      await it.stripe.invoices.voidInvoice(id);
      return id;
    },
  },
};

/** Steps of an object as its events tell them, in order. */
async function stepsOf({ stripe }: Simulated, id: string): Promise<string[]> {
  const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
  const statuses = events
    .reverse()
    .map(({ data }) => data.object as { id?: string; status?: string })
    .filter((object) => object.id === id)
    .map(({ status }) => status ?? 'nothing');
  return statuses.flatMap((status, n) => {
    const before = statuses[n - 1] ?? 'nothing';
    return before === status ? [] : [`${before} → ${status}`];
  });
}

const dunnings = {
  'unpaid at once': { retryAfterDays: [], afterwards: 'unpaid' },
  'unpaid later': { retryAfterDays: [3], afterwards: 'unpaid' },
} as const;

describe.each([
  ['subscription', subscriptionTransitions, subscriptionWays],
  ['invoice', invoiceTransitions, invoiceWays],
] as const)('the life of a %s', (type, transitions, ways) => {
  const named = transitions.map(({ from, to }) => `${from ?? 'nothing'} → ${to}`);

  test('has a way for every step that Stripe documents, and a source for each', () => {
    expect(Object.keys(ways).toSorted()).toEqual([...named].sort());
    for (const { source } of transitions) expect(source).toMatch(/^https:\/\/docs\.stripe\.com\//);
  });

  test.each(named)('goes %s', async (name) => {
    const one = ways[name];
    if (!one) throw new Error(`no way for ${name}`);
    const it = await simulate(one.dunning ? { dunning: dunnings[one.dunning] } : {});
    const id = await one.way(it);
    const steps = await stepsOf(it, id);
    expect(steps).toContain(name);
    for (const step of steps) expect(named).toContain(step);
  });

  test('takes no other step', () => {
    const statuses = [...new Set(transitions.map(({ to }) => to as string))];
    for (const from of [null, ...statuses]) {
      for (const to of statuses) {
        const documented = from === to || named.includes(`${from ?? 'nothing'} → ${to}`);
        const take = () => assertStep(type, from, to);
        if (documented) expect(take).not.toThrow();
        else expect(take).toThrow(`no ${type} of Stripe goes from ${from ?? 'nothing'} to ${to}`);
      }
    }
  });
});
