import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { databaseServerPattern } from '../tenants/catalog/names.ts';
import { type Cell, defaultCell } from '../tenants/tenant.ts';
import { defaultPolicy, type Policy } from './policy.ts';
import { defaultReconcilePolicy, type ReconcilePolicy } from './reconcile/policy.ts';

const count = (fallback: number) => z.coerce.number().int().positive().default(fallback);
const milliseconds = (fallback: number) => z.coerce.number().int().nonnegative().default(fallback);

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' });

/** Database servers for one tenant each: a JSON object of their owners' URLs by the server's name. */
export const tenantDatabaseServers = z
  .string()
  .default('{}')
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a JSON object of postgres:// URLs' });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string().regex(databaseServerPattern), postgresUrl));

const variables = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }),
  TENANT_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  TENANT_DATABASE_SERVERS: tenantDatabaseServers,
  KUBECONFIG: z
    .string()
    .min(1)
    .default(join(homedir(), '.kube', 'config')),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_/, 'must be a Stripe secret or restricted key (sk_… or rk_…)'),
  STRIPE_API_BASE: z.url().optional(),
  TENANTRY_HOME: z.string().min(1).default('.tenantry'),
  PULUMI_BACKEND_URL: z
    .string()
    .regex(/^(file|s3|gs|azblob):\/\//, 'must be a file://, s3://, gs:// or azblob:// URL')
    .optional(),
  TENANTRY_SECRETS_PROVIDER: z
    .string()
    .regex(/^[a-z]+:\/\//, 'must be a secrets provider URL such as awskms://alias/tenantry'),
  TENANTRY_CELL: z.string().min(1).default('local'),
  TENANTRY_REGION: z.string().min(1).default('local'),
  TENANTRY_RUNNERS: count(3),
  TENANTRY_OPERATIONS_PER_RUNNER: count(100),
  TENANTRY_NODE_POOL: z.string().min(1).optional(),
  TENANTRY_VERTICAL_POD_AUTOSCALER: z.enum(['on', 'off']).default('off'),
  TENANTRY_DATABASE_CIDRS: z
    .string()
    .transform((text) => text.split(',').map((cidr) => cidr.trim()))
    .pipe(z.array(z.cidrv4('must be networks such as 10.0.200.0/24, separated by commas')))
    .default([]),
  TENANTRY_GRACE_MS: milliseconds(defaultPolicy.graceMs),
  TENANTRY_RETENTION_MS: milliseconds(defaultPolicy.retentionMs),
  TENANTRY_SWEEP_INTERVAL_MS: count(defaultPolicy.sweepIntervalMs),
  TENANTRY_LEASE_TTL_MS: count(defaultPolicy.leaseTtlMs),
  TENANTRY_OPERATION_TIMEOUT_MS: count(defaultPolicy.operationTimeoutMs),
  TENANTRY_DESTROY_TIMEOUT_MS: count(defaultPolicy.destroyTimeoutMs),
  TENANTRY_RETRY_BASE_MS: count(defaultPolicy.retryBaseMs),
  TENANTRY_STRIPE_FETCHES_PER_SECOND: count(defaultPolicy.fetchesPerSecond),
  TENANTRY_RECONCILE_INTERVAL_MS: count(defaultReconcilePolicy.intervalMs),
  TENANTRY_RECONCILE_GRACE_MS: milliseconds(defaultReconcilePolicy.graceMs),
  TENANTRY_EVENT_RETENTION_MS: milliseconds(defaultPolicy.eventRetentionMs),
  TENANTRY_RESERVED_STACKS: milliseconds(defaultPolicy.reservedStacks),
  TENANTRY_SLOTS_PER_PRODUCT: milliseconds(defaultPolicy.slotsPerProduct),
  TENANTRY_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export interface WorkerEnv {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  /** Servers for one tenant each, by name. */
  readonly tenantDatabaseServers: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  readonly stripeSecretKey: string;
  readonly stripeApiBase: string | undefined;
  readonly home: string;
  readonly backendUrl: string;
  readonly secretsProvider: string;
  readonly cell: { readonly id: string; readonly region: string };
  /** What holds for all tenants of the cell. */
  readonly tenants: Cell;
  readonly runners: number;
  readonly operationsPerRunner: number;
  readonly policy: Policy;
  readonly reconcile: ReconcilePolicy;
  /** Where Prometheus finds the worker's metrics, on every address; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  readonly logLevel: string;
}

/**
 * Reads the worker's environment.
 * @throws Error that names every variable that is missing or wrong
 */
export function readWorkerEnv(env: NodeJS.ProcessEnv = process.env): WorkerEnv {
  const v = parseVariables(variables, env);
  const home = resolve(v.TENANTRY_HOME);
  return {
    databaseUrl: v.DATABASE_URL,
    tenantDatabaseUrl: v.TENANT_DATABASE_URL ?? besideDatabase(v.DATABASE_URL),
    tenantDatabaseServers: v.TENANT_DATABASE_SERVERS,
    kubeconfig: resolve(v.KUBECONFIG),
    stripeSecretKey: v.STRIPE_SECRET_KEY,
    stripeApiBase: v.STRIPE_API_BASE,
    home,
    backendUrl: v.PULUMI_BACKEND_URL ?? pathToFileURL(join(home, 'state')).href,
    secretsProvider: v.TENANTRY_SECRETS_PROVIDER,
    cell: { id: v.TENANTRY_CELL, region: v.TENANTRY_REGION },
    tenants: {
      ...defaultCell,
      nodePool: v.TENANTRY_NODE_POOL ?? null,
      databaseCidrs: v.TENANTRY_DATABASE_CIDRS,
      verticalPodAutoscaler: v.TENANTRY_VERTICAL_POD_AUTOSCALER === 'on',
    },
    runners: v.TENANTRY_RUNNERS,
    operationsPerRunner: v.TENANTRY_OPERATIONS_PER_RUNNER,
    policy: {
      ...defaultPolicy,
      graceMs: v.TENANTRY_GRACE_MS,
      retentionMs: v.TENANTRY_RETENTION_MS,
      sweepIntervalMs: v.TENANTRY_SWEEP_INTERVAL_MS,
      leaseTtlMs: v.TENANTRY_LEASE_TTL_MS,
      operationTimeoutMs: v.TENANTRY_OPERATION_TIMEOUT_MS,
      destroyTimeoutMs: v.TENANTRY_DESTROY_TIMEOUT_MS,
      retryBaseMs: v.TENANTRY_RETRY_BASE_MS,
      fetchesPerSecond: v.TENANTRY_STRIPE_FETCHES_PER_SECOND,
      eventRetentionMs: v.TENANTRY_EVENT_RETENTION_MS,
      reservedStacks: v.TENANTRY_RESERVED_STACKS,
      slotsPerProduct: v.TENANTRY_SLOTS_PER_PRODUCT,
    },
    reconcile: {
      ...defaultReconcilePolicy,
      intervalMs: v.TENANTRY_RECONCILE_INTERVAL_MS,
      graceMs: v.TENANTRY_RECONCILE_GRACE_MS,
    },
    metricsPort: v.TENANTRY_METRICS_PORT,
    logLevel: v.LOG_LEVEL,
  };
}

/** Reads what the migrations of a cell's databases need. */
export function readMigrationEnv(
  env: NodeJS.ProcessEnv = process.env,
): Pick<WorkerEnv, 'databaseUrl' | 'tenantDatabaseUrl' | 'logLevel'> {
  const v = parseVariables(
    variables.pick({ DATABASE_URL: true, TENANT_DATABASE_URL: true, LOG_LEVEL: true }),
    env,
  );
  return {
    databaseUrl: v.DATABASE_URL,
    tenantDatabaseUrl: v.TENANT_DATABASE_URL ?? besideDatabase(v.DATABASE_URL),
    logLevel: v.LOG_LEVEL,
  };
}

/**
 * Parses an environment by a schema; a variable that is set but empty counts as unset. A value may stand in a file
 * that `<NAME>_FILE` names, so that a mounted secret need not become part of the environment.
 */
export function parseVariables<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
): z.infer<Schema> {
  const given = {
    ...fromFiles(schema, env),
    ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')),
  };
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The environment is not complete:\n${lines.join('\n')}`);
}

/** Values of the schema's variables whose `<NAME>_FILE` is set. */
function fromFiles(schema: z.ZodType, env: NodeJS.ProcessEnv): Record<string, string> {
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return Object.fromEntries(
    names.flatMap((name) => {
      const file = env[`${name}_FILE`];
      return file ? [[name, readFileSync(file, 'utf8').trim()]] : [];
    }),
  );
}

/**
 * Tenants' rows live beside the control plane's database, never in it: a tenant's role that can connect must not
 * meet our tables.
 */
function besideDatabase(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `${url.pathname.replace(/^\/$/, '/postgres')}_tenants`;
  return url.href;
}
