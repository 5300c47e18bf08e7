/** A worker's jobs that end tenants: export, verify, sign. */
import type { Logger } from 'pino';
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Policy } from '../policy.ts';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { PersonalData } from '../service.ts';
import type { Cell } from '../store/cells.ts';
import type { Database, Queryable } from '../store/database.ts';
import { type SweepSteps, task, tenantPayload, type Work } from '../work/index.ts';
import type { OffboardingEnv } from './env.ts';
import type { TenantServers } from './export-lines.ts';
import { exportOnRequest, removeExpiredExports } from './export-on-request.ts';
import { openFileStore } from './file-store.ts';
import { offboardTenant } from './offboard-tenant.ts';
import { ringOpenEnds } from './ring-open.ts';
import { keptSigningKey, signingKeyOf } from './signing-key.ts';
import { createOffboardingSteps } from './steps.ts';

/** What the end of a tenant takes from a worker. */
export interface OffboardingContext {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly cell: Cell;
  readonly policy: Policy;
  readonly log: Logger;
  readonly workerId: string;
  readonly now: () => Date;
}

export interface OffboardingOptions {
  readonly context: OffboardingContext;
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

/** Most exports whose files one job removes, and most ends that one sweep rings for; the next takes the rest. */
const batch = 500;

/** @throws Error when the key for receipts is not valid */
export async function offboardingWork(options: OffboardingOptions): Promise<Work> {
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
      ends: {
        [`offboard-tenant:${cell.id}`]: task(tenantPayload, ({ tenantId }) =>
          offboardTenant(offboarding, tenantId),
        ),
        [`export-tenant:${cell.id}`]: task(z.object({ exportId: z.number().int() }), ({ exportId }) =>
          exportOnRequest(exports, exportId),
        ),
        [`remove-exports:${cell.id}`]: () => removeExpiredExports(exports, cell.id, batch),
      },
    },
    sweep: { cell: offboardingSteps(context) },
    close: async () => files.close(),
  };
}

export function offboardingSteps({
  database,
  cell,
  now,
}: Pick<OffboardingContext, 'database' | 'cell' | 'now'>): SweepSteps {
  return { ringOpenEnds: () => ringOpenEnds(database, { cell: cell.id, now: now(), limit: batch }) };
}
