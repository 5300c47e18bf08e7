/** The stateful Stripe simulator: an HTTP server that the unmodified `stripe` client drives. */

import { type ServerType, serve } from '@hono/node-server';
import type { Promotion } from '../../../tenants/catalog/promotions.ts';
import type { Product } from '../../../tenants/catalog/types.ts';
import { openAccount } from './account.ts';
import type { Dunning } from './context.ts';
import { type Controls, createControls } from './controls.ts';
import type { Destination } from './delivery/record.ts';
import { createServer } from './http/server.ts';

export type { ClockState, Controls, Summary } from './controls.ts';
export type { Faults } from './delivery/faults.ts';
export type { Delivery, Destination } from './delivery/record.ts';

export interface StripeSimulatorOptions {
  /** SQLite file that keeps everything, or `:memory:`. */
  readonly dataFile: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  readonly host?: string;
  /** The key that callers must present, `sk_test_…`. */
  readonly secretKey: string;
  /** Signs snapshot deliveries to `webhookUrl`, `whsec_…`. */
  readonly webhookSecret: string;
  readonly webhookUrl?: string;
  readonly destinations?: readonly Destination[];
  readonly catalog: readonly Product[];
  readonly promotions?: readonly Promotion[];
  readonly dunning?: Dunning;
  /** Divides Stripe's waits between delivery attempts; 600 makes five minutes half a second. */
  readonly deliveryTimeScale?: number;
  readonly deliveryConcurrency?: number;
  readonly answerTimeoutMs?: number;
  readonly log?: (message: string) => void;
}

export interface StripeSimulator extends Controls {
  /** Base address, without a trailing slash. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Closes the server, waits for deliveries under way (at most 3 s), then closes the file. */
  stop(): Promise<void>;
}

/** Stripe's retry schedule of three, five and seven days, then cancellation. */
export const defaultDunning: Dunning = { retryAfterDays: [3, 5, 7], afterwards: 'cancel' };
const stopBoundMs = 3000;

/** Starts the simulator and seeds the catalog. @throws when the port is taken or the file cannot be opened */
export async function startStripeSimulator(options: StripeSimulatorOptions): Promise<StripeSimulator> {
  const { secretKey, webhookSecret, webhookUrl, host = '127.0.0.1', log = () => undefined } = options;
  const fromUrl: Destination[] =
    webhookUrl === undefined ? [] : [{ url: webhookUrl, secret: webhookSecret, form: 'snapshot' }];
  const account = openAccount({
    dataFile: options.dataFile,
    catalog: options.catalog,
    promotions: options.promotions ?? [],
    destinations: [...fromUrl, ...(options.destinations ?? [])],
    dunning: options.dunning ?? defaultDunning,
    deliveryTimeScale: options.deliveryTimeScale ?? 600,
    deliveryConcurrency: options.deliveryConcurrency ?? 16,
    answerTimeoutMs: options.answerTimeoutMs ?? 20_000,
    log,
  });
  const controls = createControls(account);
  const app = createServer({ account, controls, secretKey, log });
  try {
    const { server, port } = await listen(app.fetch, host, options.port ?? 0);
    const url = `http://${host}:${port}`;
    account.setUrl(url);
    return {
      ...controls,
      url,
      host,
      port,
      secretKey,
      webhookSecret,
      async stop() {
        await closeServer(server);
        await account.close(stopBoundMs);
      },
    };
  } catch (error) {
    await account.close(0);
    throw error;
  }
}

type Fetch = Parameters<typeof serve>[0]['fetch'];

function listen(fetch: Fetch, hostname: string, port: number): Promise<{ server: ServerType; port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, (address) => resolve({ server, port: address.port }));
    server.once('error', reject);
  });
}

function closeServer(server: ServerType): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}
