/** The steps of a sequence, as fast-check's commands: what a customer does, and what happens around them. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import Stripe from 'stripe';
import { StripeError } from '../../automation/local/stripe/http/errors.ts';
import { findPlan, planLookupKey } from '../../tenants/catalog/index.ts';
import { type Customer, isPerSeat, type ModelSubscription, offers, running } from './customer.ts';
import type { Place, Turn } from './place.ts';

export type Step = fc.AsyncCommand<Customer, Place>;

/** A step by its name, so that a failing sequence can be read. */
function step(
  name: string,
  run: (customer: Customer, world: Place) => Promise<unknown>,
  check: (customer: Readonly<Customer>) => boolean = () => true,
): Step {
  return {
    check: (customer) => customer.stepsLeft > 0 && check(customer),
    async run(customer, world) {
      customer.stepsLeft -= 1;
      customer.story.push(name);
      const [kind = name] = name.split(' ');
      world.counts[kind] = (world.counts[kind] ?? 0) + 1;
      await run(customer, world);
    },
    toString: () => name,
  };
}

/** Steps under way at once in a world; more only wait for the same two processors. */
const lanes = 8;

/** One of the list by any number. */
function pick<T>(list: readonly T[], number: number): T {
  const one = list[number % Math.max(1, list.length)];
  if (one === undefined) throw new Error('there is nothing to pick from');
  return one;
}

/** Stripe's refusal is no failure: the customer hears of it, and nothing changes. @returns false when it refused */
async function granted(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeCardError) return false;
    if (error instanceof Stripe.errors.StripeInvalidRequestError) return false;
    throw error;
  }
}

const priceIds = new WeakMap<Place, Map<string, string>>();
async function priceOf(world: Place, product: string, plan: string): Promise<string> {
  const known = priceIds.get(world) ?? new Map<string, string>();
  priceIds.set(world, known);
  const key = planLookupKey(product, plan);
  const id = known.get(key) ?? (await world.stripeClient.prices.list({ lookup_keys: [key] })).data[0]?.id;
  if (!id) throw new Error(`no price ${key}`);
  known.set(key, id);
  return id;
}

const tokens = new WeakMap<Customer, string>();
async function tokenOf(world: Place, customer: Customer): Promise<string> {
  const token = tokens.get(customer) ?? (await world.token(customer.name));
  tokens.set(customer, token);
  return token;
}

const isOneOf = (answer: { status: number; body: unknown }, ...statuses: readonly number[]) => {
  if (statuses.includes(answer.status)) return;
  throw new Error(`unexpected answer ${answer.status}: ${JSON.stringify(answer.body)}`);
};

/** Buys through our checkout and pays; sometimes the checkout is opened and left, or paid twice. */
function buy(offer: number, seats: number, habit: 'pays' | 'leaves' | 'pays twice'): Step {
  const { product, plan, perSeat } = pick(offers, offer);
  const quantity = perSeat ? seats : 1;
  return step(
    `buy ${product} ${plan} × ${quantity}, ${habit}`,
    async (customer, world) => {
      const answer = await world.request('POST', '/v1/checkout', {
        token: await tokenOf(world, customer),
        body: {
          product,
          plan,
          ...(perSeat && { seats: quantity }),
          ...(product === 'stream' && { slug: `of-${customer.name}` }),
        },
      });
      // The name is the customer's own, and may be in use by their other subscription.
      isOneOf(answer, 201, 409);
      if (answer.status === 409 || habit === 'leaves') return;
      const sessionId = /cs_\w+/.exec((answer.body as { url: string }).url)?.[0] ?? '';
      const session = payUnlessExpired(world, sessionId);
      if (!session) return;
      if (habit === 'pays twice') world.simulator.payCheckout(sessionId);
      customer.customerId = String(session.customer);
      customer.subscriptions.push({
        id: String(session.subscription),
        product,
        plan,
        seats: quantity,
        cancelAtPeriodEnd: false,
        changes: 0,
        ended: false,
      });
    },
    (customer) => running(customer as Customer).length < 2,
  );
}

/** Time may have passed since the checkout was opened, more than its page lives. */
function payUnlessExpired({ simulator }: Place, sessionId: string) {
  try {
    return simulator.payCheckout(sessionId);
  } catch (error) {
    if (error instanceof StripeError && error.details.code === 'checkout_session_expired') return null;
    throw error;
  }
}

/** A change of one of the customer's subscriptions, by Stripe's API as the portal makes it. */
function change(
  name: string,
  which: number,
  make: (subscription: ModelSubscription, world: Place) => Promise<() => void>,
  fits: (subscription: ModelSubscription) => boolean = () => true,
): Step {
  const fitting = (customer: Customer) => running(customer).filter(fits);
  return step(
    name,
    async (customer, world) => {
      const subscription = pick(fitting(customer), which);
      let done = () => {};
      const taken = await granted(async () => {
        done = await make(subscription, world);
      });
      if (taken) done();
      else customer.story.push('  refused');
    },
    (customer) => fitting(customer as Customer).length > 0,
  );
}

async function itemOf(world: Place, id: string): Promise<string> {
  const subscription = await world.stripeClient.subscriptions.retrieve(id);
  return subscription.items.data[0]?.id ?? '';
}

const plansFor = (product: string) => offers.filter((offer) => offer.product === product);

function changePlan(which: number, plan: number, prorated: boolean): Step {
  return change(`plan ${plan}${prorated ? '' : ' without proration'}`, which, async (subscription, world) => {
    const next = pick(plansFor(subscription.product), plan).plan;
    const perSeat = isPerSeat(findPlan(subscription.product, next) ?? { price: { kind: 'custom' } });
    const quantity = perSeat ? subscription.seats : 1;
    await world.stripeClient.subscriptions.update(subscription.id, {
      items: [
        {
          id: await itemOf(world, subscription.id),
          price: await priceOf(world, subscription.product, next),
          quantity,
        },
      ],
      proration_behavior: prorated ? 'always_invoice' : 'none',
    });
    return () =>
      Object.assign(subscription, { plan: next, seats: quantity, changes: subscription.changes + 1 });
  });
}

function changeSeats(which: number, seats: number): Step {
  return change(
    `seats ${seats}`,
    which,
    async (subscription, world) => {
      const item = await itemOf(world, subscription.id);
      await world.stripeClient.subscriptions.update(subscription.id, {
        items: [{ id: item, quantity: seats }],
      });
      return () => Object.assign(subscription, { seats, changes: subscription.changes + 1 });
    },
    ({ product, plan }) => isPerSeat(findPlan(product, plan) ?? { price: { kind: 'custom' } }),
  );
}

function cancelAtPeriodEnd(which: number, cancel: boolean): Step {
  return change(cancel ? 'cancel at period end' : 'reactivate', which, async (subscription, world) => {
    await world.stripeClient.subscriptions.update(subscription.id, { cancel_at_period_end: cancel });
    return () => Object.assign(subscription, { cancelAtPeriodEnd: cancel });
  });
}

function cancelNow(which: number): Step {
  return change('cancel now', which, async (subscription, world) => {
    await world.stripeClient.subscriptions.cancel(subscription.id);
    return () => Object.assign(subscription, { ended: true });
  });
}

/** The card fails from now on, or works again; a customer with a new good card pays open invoices. */
function card(works: boolean, retry: boolean): Step {
  return step(
    `card ${works ? `works${retry ? ', pays what is open' : ''}` : 'fails'}`,
    async (customer, world) => world.simulator.setCard(customer.customerId ?? '', { works, retry }),
    ({ customerId }) => customerId !== null,
  );
}

type CreditKind = 'hold' | 'capture' | 'capture of a hold' | 'metered' | 'release' | 'top-up';

/** Spends credits of a tenant as a product's service does; a request may be sent twice. */
function spend(kind: CreditKind, amount: number, twice: boolean): Step {
  const needsHold = kind === 'release' || kind === 'capture of a hold';
  return step(
    `credits ${kind} ${amount}${twice ? ' sent twice' : ''}`,
    async (customer, world) => {
      const tenant = needsHold ? customer.openHolds[0]?.tenant : await creditTenant(customer, world);
      if (!tenant) return;
      const hold = needsHold ? customer.openHolds.shift() : undefined;
      const cause = `${kind.replaceAll(' ', '-')}-${randomUUID()}`;
      const [path, body] = {
        hold: ['holds', { cause, amount }],
        capture: ['captures', { cause, amount }],
        metered: ['captures', { cause, amount, metered: true }],
        'capture of a hold': ['captures', { cause, amount: hold?.amount, hold: hold?.cause }],
        release: ['releases', { hold: hold?.cause, cause }],
        'top-up': ['top-ups', { cause, amount }],
      }[kind] as [string, object];
      const send = () => world.request('POST', `/v1/tenants/${tenant}/credits/${path}`, { body });
      const answers = twice ? await Promise.all([send(), send()]) : [await send()];
      // 402: more than there is; 404 and 409: its period or its plan has ended meanwhile; 422: no plan on credits now.
      for (const answer of answers) isOneOf(answer, 200, 201, 402, 404, 409, 422);
      const booked = answers.find(({ status }) => status === 201);
      if (!booked) return;
      const { amount: moved } = booked.body as { amount: number };
      if (kind === 'hold') {
        customer.openHolds.push({ tenant, cause, amount });
        customer.credits.push({ tenant, kind: 'hold', cause, amount: moved });
      } else if (kind === 'top-up') {
        customer.credits.push({ tenant, kind: 'top_up', cause, amount: moved });
      } else if (kind !== 'release') {
        customer.credits.push({
          tenant,
          kind: 'capture',
          cause,
          amount: moved,
        });
      }
    },
    (customer) =>
      needsHold
        ? customer.openHolds.length > 0
        : customer.subscriptions.some(({ product }) => product === 'browsers'),
  );
}

async function creditTenant(customer: Customer, { database }: Place): Promise<string | null> {
  const ids = customer.subscriptions.filter(({ product }) => product === 'browsers').map(({ id }) => id);
  const { rows } = await database.query<{ id: string }>(
    `select id from tenantry.tenant where subscription_id = any($1) and desired_state <> 'deleted' limit 1`,
    [ids],
  );
  return rows[0]?.id ?? null;
}

/** Time passes for everybody. */
function passTime(seconds: number): Step {
  return step(`time passes ${(seconds / 86_400).toFixed(1)} days`, (_, world) =>
    world.simulator.advanceClock({ seconds }),
  );
}

function faults(drop: number, duplicate: number, reorder: number, delayMs: number, seed: number): Step {
  return step(
    `faults drop ${drop} duplicate ${duplicate} reorder ${reorder} delay ${delayMs}`,
    async (_, world) =>
      world.simulator.setFaults({
        drop: drop / 100,
        duplicate: duplicate / 100,
        reorder: reorder / 100,
        delayMs,
        seed,
      }),
  );
}

/** A worker comes, takes some jobs, and goes or is killed, as the place decides. */
function work(turn: Turn): Step {
  const { jobs, diesAfter, sweeps } = turn;
  return step(
    `${sweeps ? 'sweep' : 'work'} ${jobs} jobs${diesAfter === null ? '' : `, killed at call ${diesAfter}`}`,
    (_, world) => world.work(turn),
  );
}

/**
 * @param timeWeight how often time passes: it passes for all customers of a world, so less often the more there are
 */
export function stepsOf(timeWeight: number): fc.Arbitrary<Step> {
  const number = fc.nat(1000);
  const percent = fc.nat(50);
  const weighed = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight: weight * 100, arbitrary });
  const habit = fc.constantFrom('pays', 'pays', 'pays', 'leaves', 'pays twice');
  const diesAfter = fc.option(fc.nat(40), { freq: 2 });
  const kinds = fc.constantFrom<CreditKind>(
    'hold',
    'capture',
    'capture of a hold',
    'metered',
    'release',
    'top-up',
  );
  const amounts = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 6000 }));
  return fc.oneof(
    weighed(
      5,
      fc.tuple(number, fc.integer({ min: 1, max: 9 }), habit).map((given) => buy(...given)),
    ),
    weighed(
      6,
      fc.tuple(number, number, fc.boolean()).map((given) => changePlan(...given)),
    ),
    weighed(
      4,
      fc.tuple(number, fc.integer({ min: 1, max: 9 })).map((given) => changeSeats(...given)),
    ),
    weighed(
      4,
      fc.tuple(number, fc.boolean()).map((given) => cancelAtPeriodEnd(...given)),
    ),
    weighed(2, number.map(cancelNow)),
    weighed(
      4,
      fc.tuple(fc.boolean(), fc.boolean()).map((given) => card(...given)),
    ),
    weighed(
      8,
      fc.tuple(kinds, amounts, fc.boolean()).map((given) => spend(...given)),
    ),
    weighed(
      2,
      fc.tuple(percent, percent, percent, fc.nat(30), number).map((given) => faults(...given)),
    ),
    weighed(
      3,
      fc
        .tuple(fc.integer({ min: 1, max: 8 }), diesAfter, fc.nat(), fc.constant(false))
        .map(([jobs, diesAfter, luck, sweeps]) => work({ jobs, diesAfter, luck, sweeps })),
    ),
    weighed(
      0.2,
      fc
        .tuple(fc.integer({ min: 1, max: 8 }), diesAfter, fc.nat(), fc.constant(true))
        .map(([jobs, diesAfter, luck, sweeps]) => work({ jobs, diesAfter, luck, sweeps })),
    ),
    {
      weight: Math.max(1, Math.round(timeWeight * 100)),
      arbitrary: fc
        .oneof(fc.integer({ min: 60, max: 7200 }), fc.integer({ min: 3600, max: 12 * 86_400 }))
        .map(passTime),
    },
  );
}

/** Takes steps of many sequences, a few at once: a number of fitting ones from each, fewer when they run out. */
export async function takeSteps(
  world: Place,
  sequences: readonly { readonly customer: Customer; readonly steps: readonly Step[] }[],
  length: number,
): Promise<void> {
  const waiting = [...sequences];
  const lane = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const { customer, steps } = one;
      customer.stepsLeft = length;
      await fc.asyncModelRun(async () => ({ model: customer, real: world }), steps);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** The story also has remarks, which are indented. */
export const isStep = (line: string) => !line.startsWith(' ');
