/** The API alone, in the test's own process: real PostgreSQL, simulated Stripe, no worker. */
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pino from 'pino';
import type Stripe from 'stripe';
import type { ApiEnv } from '../../api/env.ts';
import type { ApiService } from '../../api/router.ts';
import { startApi } from '../../api/start-api.ts';
import { defaultOf } from '../../automation/environment/index.ts';
import { type StripeSimulator, startStripeSimulator } from '../../automation/local/stripe/index.ts';
import { ensureCell } from '../../automation/store/cells.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { type FreshDatabase, freshDatabase } from './database.ts';
import { type Identity, startIdentity } from './identity.ts';
import { stripeClientOf } from './stripe.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; null when it is not JSON. */
  readonly body: never;
}

export interface RequestOptions {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is text, otherwise as JSON. */
  readonly body?: unknown;
}

export interface Service {
  readonly url: string;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly fresh: FreshDatabase;
  readonly identity: Identity;
  readonly simulator: StripeSimulator;
  readonly stripe: Stripe;
  readonly webhookSecret: string;
  /** Everything that the API logged. */
  readonly log: () => string;
  /** A request; as an operator unless a token is given, without any when it is null. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export const cell = { id: 'local', region: 'local' };

export async function startService(
  env: Partial<ApiEnv> = {},
  services: readonly ApiService[] = [],
): Promise<Service> {
  const releasers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const release of releasers.splice(0).reverse()) await release();
  };
  try {
    const fresh = await freshDatabase();
    releasers.push(fresh.drop);
    const identity = await startIdentity();
    releasers.push(identity.stop);
    const webhookSecret = `whsec_${randomBytes(16).toString('hex')}`;
    const simulator = await startStripeSimulator({
      dataFile: ':memory:',
      secretKey: `sk_test_${randomBytes(12).toString('hex')}`,
      webhookSecret,
      catalog,
    });
    releasers.push(simulator.stop);
    const lines: string[] = [];
    const log = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const api = await startApi(
      {
        port: 0,
        host: '127.0.0.1',
        publicUrl: 'http://tenantry.test',
        databaseUrl: fresh.url,
        tenantsShareServer: false,
        stripeSecretKey: simulator.secretKey,
        stripeWebhookSecrets: [webhookSecret],
        stripeApiBase: simulator.url,
        oidc: {
          issuer: identity.issuer,
          audience: 'tenantry',
          clientId: 'tenantry',
          scope: 'openid profile email tenant',
        },
        alsoTrusted: [],
        cell: cell.id,
        graceMs: defaultOf('TENANTRY_GRACE_MS'),
        retentionMs: defaultOf('TENANTRY_RETENTION_MS'),
        logLevel: 'debug',
        ...env,
      },
      pino({ level: 'debug' }, log),
      services,
    );
    releasers.push(api.stop);
    const database = openDatabase(fresh.url, { maxConnections: 8, name: 'test' });
    releasers.push(() => database.close());
    await ensureCell(database, cell);
    const operator = await identity.token('operator', 'operator');
    return {
      url: api.url,
      database,
      databaseUrl: fresh.url,
      fresh,
      identity,
      simulator,
      stripe: stripeClientOf(simulator),
      webhookSecret,
      log: () => lines.join(''),
      async request(method, path, { token = operator, headers = {}, body } = {}) {
        const answer = await fetch(`${api.url}${path}`, {
          method,
          headers: {
            ...(token !== null && { authorization: `Bearer ${token}` }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        });
        const text = await answer.text();
        return { status: answer.status, headers: answer.headers, text, body: parsed(text) };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function parsed(text: string): never {
  try {
    return JSON.parse(text) as never;
  } catch {
    return null as never;
  }
}
