/** What the command line takes from the environment. */
import { resolve } from 'node:path';

export interface CliEnv {
  /** Home of the installation to talk to: `TENANTRY_HOME`, else `.tenantry` in the working folder, as for `start`. */
  home: string;
  /** `TENANTRY_TOKEN`: an access token to use instead of signing in, for an identity provider that is not ours. */
  token: string | undefined;
  /** `STRIPE_SECRET_KEY`: for an installation that uses a real Stripe account. */
  stripeSecretKey: string | undefined;
  /** `STRIPE_API_BASE`: another server than Stripe's, for that key. */
  stripeApiBase?: string | undefined;
}

export function readCliEnv(env: NodeJS.ProcessEnv = process.env): CliEnv {
  return {
    home: resolve(given(env.TENANTRY_HOME) ?? '.tenantry'),
    token: given(env.TENANTRY_TOKEN),
    stripeSecretKey: given(env.STRIPE_SECRET_KEY),
    stripeApiBase: given(env.STRIPE_API_BASE),
  };
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}
