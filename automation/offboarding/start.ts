/** Assembles what ends tenants: a worker's jobs that export, verify and sign. */
import type { TaskList } from 'graphile-worker';
import type { JobContext } from '../jobs/context.ts';
import type { KubernetesClient } from '../providers/kubernetes/client.ts';
import type { PersonalData } from '../service.ts';
import type { Queryable } from '../store/database.ts';
import type { OffboardingEnv } from './env.ts';
import type { TenantServers } from './export-lines.ts';
import { exportOnRequest, removeExpiredExports } from './export-on-request.ts';
import { openFileStore } from './file-store.ts';
import { offboardTenant } from './offboard-tenant.ts';
import { keptSigningKey, signingKeyOf } from './signing-key.ts';
import { createOffboardingSteps } from './steps.ts';

export interface OffboardingOptions {
  readonly context: JobContext;
  readonly env: OffboardingEnv;
  readonly home: string;
  readonly cluster: KubernetesClient;
  readonly backendUrl: string;
  readonly serverUrls: TenantServers;
  /** A database on each of them, by name. */
  readonly servers: ReadonlyMap<string, Queryable>;
  /** What products keep about people, by product. */
  readonly personalData: ReadonlyMap<string, PersonalData>;
}

/** Exports whose files one job removes; the next sweep asks for the rest. */
const removedAtOnce = 500;

/** The tasks, and what closes their resources. @throws Error when the key for receipts is not valid */
export async function openOffboarding(
  options: OffboardingOptions,
): Promise<{ tasks: TaskList; close: () => void }> {
  const { context, env, home, cluster, backendUrl, personalData } = options;
  const { database, stripe, cell, policy, log, workerId, now } = context;
  const key = env.receiptKey === undefined ? await keptSigningKey(home) : signingKeyOf(env.receiptKey);
  const files = await openFileStore(env.exportsUrl);
  const exports = {
    database,
    servers: options.serverUrls,
    personalData,
    files,
    exportDays: env.exportDays,
    now,
    policy,
    log,
    workerId,
  };
  const steps = createOffboardingSteps({
    database,
    cluster,
    servers: options.servers,
    stripe,
    backendUrl,
    tenantBuckets: env.tenantBuckets,
    exports,
  });
  const offboarding = { database, cell, policy, log, workerId, now, key, steps };
  return {
    tasks: {
      [`offboard-tenant:${cell.id}`]: (payload) => offboardTenant(offboarding, textIn(payload, 'tenantId')),
      [`export-tenant:${cell.id}`]: (payload) =>
        exportOnRequest(exports, Number(valueIn(payload, 'exportId'))),
      [`remove-exports:${cell.id}`]: () => removeExpiredExports(exports, cell.id, removedAtOnce),
    },
    close: () => files.close(),
  };
}

function valueIn(payload: unknown, key: string): unknown {
  return (payload as Record<string, unknown>)[key];
}

function textIn(payload: unknown, key: string): string {
  const value = valueIn(payload, key);
  if (typeof value !== 'string') throw new Error(`the job's payload lacks ${key}`);
  return value;
}
