/** What tests share of Stripe: a client of the simulator, and an account beside the control database. */
import Stripe from 'stripe';
import { type StripeSimulator, startStripeSimulator } from '../../automation/local/stripe/index.ts';
import type { Database } from '../../automation/store/database.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { controlDatabase } from './database.ts';

/** A client that asks once, so that a failure is seen as it is. */
export function stripeClientOf(server: { host: string; port: number; secretKey: string }): Stripe {
  const { host, port, secretKey } = server;
  return new Stripe(secretKey, { protocol: 'http', host, port, maxNetworkRetries: 0, telemetry: false });
}

/** A client of a Stripe that nobody reaches. */
export function stripeAway(): Stripe {
  return stripeClientOf({ host: '127.0.0.1', port: 9, secretKey: 'sk_test_away' });
}

export interface Account {
  readonly database: Database;
  readonly simulator: StripeSimulator;
  readonly stripe: Stripe;
  /** The simulator's time. */
  readonly now: () => Date;
  stop(): Promise<void>;
}

/** A control database with the local cell and a simulated account with the catalog, without any program of ours. */
export async function startAccount(): Promise<Account> {
  const releasers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const release of releasers.splice(0).reverse()) await release();
  };
  try {
    const { database, drop } = await controlDatabase({ maxConnections: 16 });
    releasers.push(drop);
    const simulator = await startStripeSimulator({
      dataFile: ':memory:',
      secretKey: 'sk_test_account',
      webhookSecret: 'whsec_account',
      catalog,
    });
    releasers.push(() => simulator.stop());
    const now = () => new Date(simulator.clock().now * 1000);
    return { database, simulator, stripe: stripeClientOf(simulator), now, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
