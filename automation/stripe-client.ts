import Stripe from 'stripe';

/**
 * @param options.apiBase another server that speaks Stripe's API, for example the local simulator
 */
export function createStripeClient(options: { secretKey: string; apiBase: string | undefined }): Stripe {
  const limits = { maxNetworkRetries: 2, timeout: 20_000, telemetry: false };
  if (!options.apiBase) return new Stripe(options.secretKey, limits);
  const base = new URL(options.apiBase);
  return new Stripe(options.secretKey, {
    ...limits,
    protocol: base.protocol === 'http:' ? 'http' : 'https',
    host: base.hostname,
    port: base.port || (base.protocol === 'http:' ? 80 : 443),
  });
}
