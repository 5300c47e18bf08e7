import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Cell, defaultCell } from '../../tenants/tenant.ts';
import { readVariables, tenantDatabaseOf } from '../environment/index.ts';
import { defaultPolicy, type Policy } from '../policy.ts';
import { defaultReconcilePolicy, type ReconcilePolicy } from '../reconcile/index.ts';

export interface WorkerEnv {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  /** It may be on the control plane's server. */
  readonly tenantsShareServer: boolean;
  /** Servers for single tenants, by name. */
  readonly tenantDatabaseServers: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  readonly stripeSecretKey: string;
  readonly stripeApiBase: string | undefined;
  readonly home: string;
  readonly backendUrl: string;
  readonly secretsProvider: string;
  readonly cell: { readonly id: string; readonly region: string };
  /** What all tenants of the cell have in common. */
  readonly tenants: Cell;
  readonly runners: number;
  readonly operationsPerRunner: number;
  readonly policy: Policy;
  readonly reconcile: ReconcilePolicy;
  /** The port that serves the worker's metrics on every address; undefined to serve none. */
  readonly metricsPort: number | undefined;
  readonly logLevel: string;
}

/**
 * @throws Error that names every variable that is missing or wrong
 */
export function readWorkerEnv(env: NodeJS.ProcessEnv = process.env): WorkerEnv {
  const v = readVariables(env, {
    required: ['DATABASE_URL', 'STRIPE_SECRET_KEY', 'TENANTRY_SECRETS_PROVIDER'],
    defaulted: [
      'TENANT_DATABASE_SERVERS',
      'TENANTRY_TENANTS_SHARE_DATABASE_SERVER',
      'KUBECONFIG',
      'TENANTRY_HOME',
      'TENANTRY_CELL',
      'TENANTRY_REGION',
      'TENANTRY_RUNNERS',
      'TENANTRY_OPERATIONS_PER_RUNNER',
      'TENANTRY_VERTICAL_POD_AUTOSCALER',
      'TENANTRY_DATABASE_CIDRS',
      'TENANTRY_GRACE_MS',
      'TENANTRY_RETENTION_MS',
      'TENANTRY_SWEEP_INTERVAL_MS',
      'TENANTRY_LEASE_TTL_MS',
      'TENANTRY_OPERATION_TIMEOUT_MS',
      'TENANTRY_DESTROY_TIMEOUT_MS',
      'TENANTRY_FINALIZER_PATIENCE_MS',
      'TENANTRY_RETRY_BASE_MS',
      'TENANTRY_STRIPE_FETCHES_PER_SECOND',
      'TENANTRY_RECONCILE_INTERVAL_MS',
      'TENANTRY_RECONCILE_GRACE_MS',
      'TENANTRY_EVENT_RETENTION_MS',
      'TENANTRY_RESERVED_STACKS',
      'TENANTRY_SLOTS_PER_PRODUCT',
      'TENANTRY_API_URL',
      'LOG_LEVEL',
    ],
    optional: [
      'TENANT_DATABASE_URL',
      'STRIPE_API_BASE',
      'PULUMI_BACKEND_URL',
      'TENANTRY_NODE_POOL',
      'TENANTRY_METRICS_PORT',
    ],
  });
  return {
    databaseUrl: v.DATABASE_URL,
    tenantDatabaseUrl: tenantDatabaseOf(v),
    tenantsShareServer: v.TENANTRY_TENANTS_SHARE_DATABASE_SERVER,
    tenantDatabaseServers: v.TENANT_DATABASE_SERVERS,
    kubeconfig: v.KUBECONFIG,
    stripeSecretKey: v.STRIPE_SECRET_KEY,
    stripeApiBase: v.STRIPE_API_BASE,
    home: v.TENANTRY_HOME,
    backendUrl: v.PULUMI_BACKEND_URL ?? pathToFileURL(join(v.TENANTRY_HOME, 'state')).href,
    secretsProvider: v.TENANTRY_SECRETS_PROVIDER,
    cell: { id: v.TENANTRY_CELL, region: v.TENANTRY_REGION },
    tenants: {
      ...defaultCell,
      apiUrl: v.TENANTRY_API_URL.replace(/\/$/, ''),
      nodePool: v.TENANTRY_NODE_POOL ?? null,
      databaseCidrs: v.TENANTRY_DATABASE_CIDRS,
      verticalPodAutoscaler: v.TENANTRY_VERTICAL_POD_AUTOSCALER,
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
      finalizerPatienceMs: v.TENANTRY_FINALIZER_PATIENCE_MS,
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
