/** The environment of the control plane's processes; docs/configuration.md says what each variable means. */
import { all, type Input, interpolate, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import type { Database } from '../database.ts';
import type { Identity } from '../identity.ts';
import { tenantPool } from '../karpenter/node-pools.ts';
import { stateSecretsProvider } from '../keys.ts';
import type { Storage } from '../storage.ts';
import type { HomeDatabase } from './home-database.ts';
import { apiPort, type Workload, workerMetrics } from './names.ts';
import { exportsPrefix } from './permissions.ts';
import { fileOf, type SecretValue } from './secret-files.ts';

export type Variables = Readonly<Record<string, Input<string>>>;

export interface Sources {
  readonly home: HomeDatabase;
  readonly database: Database;
  readonly storage: Storage;
  readonly identity: Identity;
  readonly stripeSecret: Output<string>;
  readonly publicUrl: string;
  /** Networks of the database servers, which tenants may reach. */
  readonly databaseCidrs: readonly string[];
}

/** Where workers keep their engines' files; lost with the pod, recreated by the next. */
export const workerHome = '/var/lib/tenantry';

/** Kubeconfig by which workers reach their own cluster. */
export const kubeconfigFile = '/etc/tenantry/kubeconfig';

/** Secrets that a workload gets as files, by file name: only those it uses. */
export function secretFilesOf(
  workload: Workload,
  config: Pick<PlatformConfig, 'region'>,
  sources: Pick<Sources, 'home' | 'database' | 'stripeSecret'>,
): Record<string, SecretValue> {
  const { region } = config;
  const stripe = (key: string) => ({ secret: sources.stripeSecret, region, key });
  const home = { 'database-password': sources.home.password };
  const tenants = {
    'tenant-database-password': { secret: sources.database.tenants.secretArn, region, key: 'password' },
  };
  switch (workload) {
    case 'api':
      return {
        ...home,
        'stripe-secret-key': stripe('secretKey'),
        'stripe-webhook-secret': stripe('webhookSecret'),
      };
    case 'worker':
      return {
        ...home,
        ...tenants,
        ...Object.fromEntries(
          Object.entries(sources.database.dedicated).map(([name, { secretArn }]) => [
            dedicatedPassword(name),
            { secret: secretArn, region, key: 'password' },
          ]),
        ),
        'stripe-secret-key': stripe('secretKey'),
      };
    case 'migrate':
      return { ...home, ...tenants };
  }
}

/** The environment of a workload. */
export function environmentOf(workload: Workload, config: PlatformConfig, sources: Sources): Variables {
  const files = secretFilesOf(workload, config, sources);
  const file = (name: string) => {
    const value = files[name];
    if (!value) throw new Error(`${workload} has no secret ${name}`);
    return fileOf(value, name);
  };
  const databases = () => ({
    DATABASE_URL: homeUrl(sources.home, file('database-password')),
    // The server itself: the proxy knows only the owner's role, and every tenant has its own.
    TENANT_DATABASE_URL: databaseUrl({
      host: sources.database.tenants.host,
      port: sources.database.tenants.port,
      database: `${sources.database.tenants.database}_tenants`,
      passwordFile: file('tenant-database-password'),
    }),
  });
  const { services } = config.controlPlane;
  const products = services.length > 0 ? { TENANTRY_SERVICES: services.join(',') } : {};
  switch (workload) {
    case 'api':
      return {
        ...products,
        PORT: String(apiPort),
        HOST: '0.0.0.0',
        PUBLIC_URL: sources.publicUrl,
        DATABASE_URL: homeUrl(sources.home, file('database-password')),
        STRIPE_SECRET_KEY_FILE: file('stripe-secret-key'),
        STRIPE_WEBHOOK_SECRET_FILE: file('stripe-webhook-secret'),
        OIDC_ISSUER: sources.identity.issuer,
        OIDC_AUDIENCE: sources.identity.audience,
        OIDC_CLIENT_ID: sources.identity.clientId,
        OIDC_SCOPE: sources.identity.scope,
        OIDC_ALSO_TRUSTED: sources.identity.alsoTrusted.apply((issuers) => JSON.stringify(issuers)),
        TENANTRY_CELL: config.cellId,
        TENANTRY_EXPORTS_URL: exportsUrl(config, sources.storage),
        LOG_LEVEL: 'info',
      };
    case 'worker':
      return {
        ...products,
        ...databases(),
        TENANT_DATABASE_SERVERS: dedicatedServers(sources.database, (name) => file(dedicatedPassword(name))),
        KUBECONFIG: kubeconfigFile,
        STRIPE_SECRET_KEY_FILE: file('stripe-secret-key'),
        TENANTRY_HOME: workerHome,
        PULUMI_BACKEND_URL: stateUrl(config, sources.storage),
        TENANTRY_EXPORTS_URL: exportsUrl(config, sources.storage),
        TENANTRY_SECRETS_PROVIDER: stateSecretsProvider(config),
        TENANTRY_METRICS_PORT: String(workerMetrics.port),
        TENANTRY_CELL: config.cellId,
        TENANTRY_REGION: config.region,
        TENANTRY_NODE_POOL: tenantPool,
        // Each worker paces itself; the workers of a cell together stay within Stripe's limit for the account.
        TENANTRY_STRIPE_FETCHES_PER_SECOND: String(fetchesPerWorker(config.controlPlane.workerReplicas)),
        TENANTRY_DATABASE_CIDRS: sources.databaseCidrs.join(','),
        // The image contains engine and plugins; a pod never waits for a download.
        TENANTRY_DOWNLOADS: 'off',
        TENANTRY_KUBERNETES_PROVIDER: 'official',
        PULUMI_HOME: `${workerHome}/pulumi`,
        AWS_REGION: config.region,
        LOG_LEVEL: 'info',
      };
    case 'migrate':
      return { ...products, ...databases(), LOG_LEVEL: 'info' };
  }
}

function dedicatedPassword(server: string): string {
  return `dedicated-${server}-password`;
}

/** Servers for one tenant each, with the URL of their owner: JSON by name. */
function dedicatedServers(
  { dedicated }: Pick<Database, 'dedicated'>,
  passwordFile: (server: string) => string,
): Output<string> {
  const urls = Object.entries(dedicated).map(([name, { host, port, database }]) =>
    databaseUrl({ host, port, database, passwordFile: passwordFile(name) }).apply(
      (url) => [name, url] as const,
    ),
  );
  return all(urls).apply((entries) => JSON.stringify(Object.fromEntries(entries)));
}

/** Requests of one kind per second that Stripe accepts from an account: https://docs.stripe.com/rate-limits */
const stripeFetchesPerSecond = 25;

/** A worker's share of what Stripe accepts from the account: a whole number, at least 1 per second. */
export function fetchesPerWorker(workersOfCell: number): number {
  return Math.max(1, Math.floor(stripeFetchesPerSecond / workersOfCell));
}

/** Backend URL of the tenants' stacks, as Pulumi writes it. */
export function stateUrl(
  config: Pick<PlatformConfig, 'region'>,
  storage: Pick<Storage, 'state'>,
): Output<string> {
  return interpolate`s3://${storage.state.name}?region=${config.region}`;
}

/** Where tenants' exports are kept: with the backups, under a prefix of their own. */
export function exportsUrl(
  config: Pick<PlatformConfig, 'region'>,
  storage: Pick<Storage, 'backups'>,
): Output<string> {
  return interpolate`s3://${storage.backups.name}/${exportsPrefix}?region=${config.region}`;
}

function homeUrl({ host, port, database }: HomeDatabase, passwordFile: string): Output<string> {
  return databaseUrl({ host, port, database, passwordFile });
}

/** The owner of every database has the product's name. */
const databaseUser = 'tenantry';

function databaseUrl(args: {
  host: Input<string>;
  port: number;
  database: string;
  passwordFile: string;
}): Output<string> {
  const { host, port, database } = args;
  const query = new URLSearchParams({ sslmode: 'verify-full', password_file: args.passwordFile });
  return interpolate`postgres://${databaseUser}@${host}:${port}/${database}?${query.toString()}`;
}
