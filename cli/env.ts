/** What the command line takes from the environment. */
import { readVariables } from '../automation/environment/index.ts';

export interface CliEnv {
  /** Home of the installation to talk to: `TENANTRY_HOME`, else `.tenantry` in the working folder, as for `start`. */
  home: string;
  /** `TENANTRY_TOKEN`: an access token to use instead of signing in, for an identity provider of the user's. */
  token: string | undefined;
  /** `STRIPE_SECRET_KEY`: for an installation with a real Stripe account. */
  stripeSecretKey: string | undefined;
  /** `STRIPE_API_BASE`: another server than Stripe's, for that key. */
  stripeApiBase?: string | undefined;
  /** Passed on to programs that are run. */
  processEnv?: NodeJS.ProcessEnv;
}

/** @throws Error that names every variable that is wrong */
export function readCliEnv(env: NodeJS.ProcessEnv = process.env): CliEnv {
  const v = readVariables(env, {
    defaulted: ['TENANTRY_HOME'],
    optional: ['TENANTRY_TOKEN', 'STRIPE_SECRET_KEY', 'STRIPE_API_BASE'],
  });
  return {
    home: v.TENANTRY_HOME,
    token: v.TENANTRY_TOKEN,
    stripeSecretKey: v.STRIPE_SECRET_KEY,
    stripeApiBase: v.STRIPE_API_BASE,
    processEnv: env,
  };
}
