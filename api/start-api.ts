import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { sharedServerDanger } from '../automation/environment/index.ts';
import { createKeyRing } from '../automation/keys/index.ts';
import { readNotifyEnv } from '../automation/notify/index.ts';
import { openFileStore, readExportsEnv } from '../automation/offboarding/index.ts';
import { migrationsOf } from '../automation/service.ts';
import { openDatabase } from '../automation/store/database.ts';
import { ensureDatabase, migrate } from '../automation/store/migrate.ts';
import { observePool } from '../automation/store/pool-metrics.ts';
import { createStripeClient } from '../automation/stripe-client.ts';
import { tenantFollowers } from '../automation/tenant-followers.ts';
import { createApp } from './app.ts';
import { createAuthenticator, createPrincipals } from './auth.ts';
import type { PageConfig } from './contract/tenant.ts';
import type { ApiEnv } from './env.ts';
import { listenForChanges } from './live.ts';
import { createMetrics } from './metrics.ts';
import { createRateLimits } from './rate-limits.ts';
import { createReadiness } from './readiness.ts';
import type { ApiService } from './router.ts';
import { pagePartsOf } from './services.ts';

export interface RunningApi {
  readonly url: string;
  /** Lets open requests finish, ends streams, closes everything. */
  stop(): Promise<void>;
}

/** Callers give up soon afterwards, so a database that hangs counts as away. */
const queryTimeoutMs = 8_000;

/** Starts the API. Resolves when it listens; `/readyz` says when a subscription would succeed. */
export async function startApi(
  env: ApiEnv,
  log: Logger,
  services: readonly ApiService[] = [],
): Promise<RunningApi> {
  await ensureDatabase(env.databaseUrl);
  await migrate(env.databaseUrl, migrationsOf(services));
  const database = openDatabase(env.databaseUrl, {
    maxConnections: 16,
    name: 'tenantry-api',
    queryTimeoutMs,
    // An API that is stopped in mid-transaction must not keep its locks.
    abandonAfterMs: queryTimeoutMs,
  });
  const stripe = createStripeClient({ secretKey: env.stripeSecretKey, apiBase: env.stripeApiBase });
  const publicUrl = (env.publicUrl ?? `http://127.0.0.1:${env.port}`).replace(/\/$/, '');
  const metrics = createMetrics(database);
  observePool(metrics.registry, database.pool);
  for (const { metrics: observe } of services)
    observe?.(metrics.registry, { database, log, now: () => new Date(), process: 'api' });
  const exportFiles = await openFileStore(readExportsEnv().exportsUrl);
  const page = { local: env.stripeApiBase !== undefined, parts: pagePartsOf(services) };
  const keys = createKeyRing(database, log);
  const live = await listenForChanges(env.databaseUrl, log, keys.forget);
  const app = createApp({
    database,
    followers: tenantFollowers(services),
    stripe,
    webhookSecrets: env.stripeWebhookSecrets,
    livemode: modeOf(env.stripeSecretKey),
    authenticate: createPrincipals({
      tokens: createAuthenticator(env.oidc, ...env.alsoTrusted),
      keys,
      database,
    }),
    keys,
    rateLimits: createRateLimits(),
    live,
    metrics,
    readiness: createReadiness({
      database,
      stripe,
      issuer: env.oidc.issuer,
      cell: env.cell,
      warnings: env.tenantsShareServer
        ? [`TENANTRY_TENANTS_SHARE_DATABASE_SERVER is on: ${sharedServerDanger}`]
        : [],
    }),
    pageConfig: { ...env.oidc, ...page },
    pageConfigs: pageConfigsByHost(env, page),
    publicUrl,
    cell: env.cell,
    graceMs: env.graceMs,
    retentionMs: env.retentionMs,
    exportFiles,
    addressRules: env.addressRules ?? readNotifyEnv(),
    services,
    log,
    ...(env.instance !== undefined && { instance: env.instance }),
  });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(env.port, env.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${env.host}:${port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      // Streams do not end by themselves.
      setTimeout(() => server.closeAllConnections(), 1000).unref();
      await closed;
      await live.close();
      await keys.close();
      exportFiles.close();
      await database.close();
    },
  };
}

/** The mode that a Stripe key's beginning shows: https://docs.stripe.com/keys */
function modeOf(secretKey: string): boolean | null {
  const mode = /^[rs]k_(live|test)_/.exec(secretKey)?.[1];
  return mode === undefined ? null : mode === 'live';
}

/** The page's settings under other regions' host names, which this API serves after a failover. */
function pageConfigsByHost(
  env: ApiEnv,
  page: Pick<PageConfig, 'local' | 'parts'>,
): ReadonlyMap<string, PageConfig> {
  return new Map(
    env.alsoTrusted.flatMap(({ host, ...settings }) =>
      host === undefined ? [] : [[host, { ...settings, ...page }] as const],
    ),
  );
}
