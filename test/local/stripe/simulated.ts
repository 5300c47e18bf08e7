/** What the simulator's tests share: a small catalog, a started simulator with its client, and a webhook receiver. */

import { createServer } from 'node:http';
import type { Stripe } from 'stripe';
import { onTestFinished } from 'vitest';
import {
  type StripeSimulator,
  type StripeSimulatorOptions,
  startStripeSimulator,
} from '../../../automation/local/stripe/index.ts';
import type { Plan, PlanPrice, Product } from '../../../tenants/catalog/types.ts';
import { stripeClientOf } from '../../support/stripe.ts';

export const secretKey = 'sk_test_simulated';
export const webhookSecret = 'whsec_simulated';

/** Only what the simulator reads of a plan. */
function plan(id: string, name: string, price: PlanPrice): Plan {
  return { id, name, price, features: [`${name} feature`] } as unknown as Plan;
}

export const tinyCatalog: readonly Product[] = [
  {
    id: 'workspace',
    name: 'Workspaces',
    description: 'Developer workspaces',
    meters: [
      {
        id: 'cpu_hours',
        name: 'vCPU hours',
        unit: 'vCPU-hour',
        unitPriceMicros: 50_000,
        unitCostMicros: null,
      },
      { id: 'observed', name: 'Only observed', unit: 'thing', unitPriceMicros: null, unitCostMicros: null },
    ],
    plans: [
      plan('small', 'Small', { kind: 'flat', priceCents: 1500, interval: 'month' }),
      plan('large', 'Large', { kind: 'flat', priceCents: 4500, interval: 'month' }),
      plan('team', 'Team', { kind: 'perSeat', priceCents: 2900, interval: 'month', maxSeats: 100 }),
      plan('free', 'Free', { kind: 'flat', priceCents: 0, interval: 'month' }),
      plan('enterprise', 'Enterprise', { kind: 'custom' }),
    ],
  } as unknown as Product,
];

export interface Simulated {
  readonly simulator: StripeSimulator;
  readonly stripe: Stripe;
}

/** A simulator in memory, ended with the test. */
export async function simulate(options: Partial<StripeSimulatorOptions> = {}): Promise<Simulated> {
  const simulator = await startStripeSimulator({
    dataFile: ':memory:',
    secretKey,
    webhookSecret,
    catalog: tinyCatalog,
    ...options,
  });
  onTestFinished(() => simulator.stop());
  return { simulator, stripe: clientOf(simulator) };
}

export function clientOf({ host, port }: { host: string; port: number }, key = secretKey): Stripe {
  return stripeClientOf({ host, port, secretKey: key });
}

export interface Received {
  readonly body: string;
  readonly signature: string;
  /** The event's type, without the `v1.` of the thin form. */
  readonly type: string;
  readonly id: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  readonly types: () => string[];
  /** Statuses of the coming answers, first to last; 200 afterwards. */
  readonly answers: number[];
}

/** A webhook endpoint that records what it gets. */
export async function receiveWebhooks(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { id, type } = JSON.parse(body);
    received.push({
      body,
      signature: String(request.headers['stripe-signature']),
      id,
      type: type.replace(/^v1\./, ''),
    });
    response.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}/webhooks`,
    received,
    answers,
    types: () => received.map((r) => r.type),
  };
}

export async function priceOf(stripe: Stripe, plan: string): Promise<Stripe.Price> {
  const { data } = await stripe.prices.list({ lookup_keys: [`tenantry:workspace:${plan}`] });
  const [price] = data;
  if (!price) throw new Error(`no price for ${plan}`);
  return price;
}

/** A paid subscription through checkout, as a customer makes it. */
export async function subscribe(
  { simulator, stripe }: Simulated,
  plan = 'small',
  given: Partial<Stripe.Checkout.SessionCreateParams> = {},
): Promise<{ session: Stripe.Checkout.Session; subscription: Stripe.Subscription; customer: string }> {
  const price = await priceOf(stripe, plan);
  const open = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: 'http://localhost/done?session={CHECKOUT_SESSION_ID}',
    ...given,
  });
  simulator.payCheckout(open.id);
  const session = await stripe.checkout.sessions.retrieve(open.id);
  const subscription = await stripe.subscriptions.retrieve(idOf(session.subscription));
  return { session, subscription, customer: idOf(session.customer) };
}

export function idOf(reference: string | { id: string } | null | undefined): string {
  if (reference === null || reference === undefined) throw new Error('there is no reference');
  return typeof reference === 'string' ? reference : reference.id;
}

export const day = 86_400;
