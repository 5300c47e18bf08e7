/** The Stripe account that a command works on. */
import type Stripe from 'stripe';
import { keptStripeSecrets, readEndpoints } from '../automation/local/index.ts';
import { createStripeClient } from '../automation/stripe-client.ts';
import type { CliEnv } from './env.ts';
import { CliProblem, exitCodes } from './problem.ts';

const simulatedKey = /^sk_test_[0-9a-f]{48}$/;

export interface StripeAccount {
  readonly stripe: Stripe;
  /** Shown to whoever is about to change it; never the key. */
  readonly name: string;
}

/**
 * The account of `STRIPE_SECRET_KEY`, else the simulated one of the installation that runs in the home.
 * @throws CliProblem `no_stripe_key` when there is neither
 */
export async function stripeAccount({
  home,
  stripeSecretKey,
  stripeApiBase,
}: CliEnv): Promise<StripeAccount> {
  if (stripeSecretKey !== undefined) {
    const name =
      stripeApiBase ?? `api.stripe.com (${stripeSecretKey.includes('_live_') ? 'live' : 'test'} mode)`;
    return { name, stripe: createStripeClient({ secretKey: stripeSecretKey, apiBase: stripeApiBase }) };
  }
  const endpoints = await readEndpoints(home);
  const { secretKey } = endpoints ? await keptStripeSecrets(home) : { secretKey: '' };
  if (endpoints && simulatedKey.test(secretKey) && isLocal(endpoints.stripe)) {
    const name = `the simulator at ${endpoints.stripe}`;
    return { name, stripe: createStripeClient({ secretKey, apiBase: endpoints.stripe }) };
  }
  throw new CliProblem(
    exitCodes.usage,
    'no_stripe_key',
    'STRIPE_SECRET_KEY is not set, and no installation with simulated payments runs here.',
  );
}

function isLocal(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}
