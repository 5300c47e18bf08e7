/** How the steps of a tenant's end act on the world. */
import type Stripe from 'stripe';
import { forgetAddresses } from '../notify/index.ts';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { PersonalData } from '../service.ts';
import type { Database, Queryable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';
import { exportFormat } from './export-lines.ts';
import { offboardingExport } from './exports.ts';
import { lookInBuckets } from './look/buckets.ts';
import { lookInKubernetes } from './look/kubernetes.ts';
import { lookInPostgres } from './look/postgres.ts';
import { lookInState } from './look/state.ts';
import { lookInStripe } from './look/stripe.ts';
import { type ExportContext, makeExport } from './make-export.ts';
import type { OffboardingSteps } from './offboard-tenant.ts';
import type { ExportLine } from './receipt.ts';
import { backUpVolumes } from './volume-backup.ts';

export interface World {
  readonly database: Database;
  readonly cluster: KubernetesClient;
  /** Administrators' connections to the database servers that tenants may be on, by name. */
  readonly servers: ReadonlyMap<string, Queryable>;
  readonly stripe: Stripe;
  /** Backend of the tenants' stacks. */
  readonly backendUrl: string;
  /** Places of tenants in buckets, see `env.ts`. */
  readonly tenantBuckets: readonly string[];
  readonly exports: ExportContext;
}

export function createOffboardingSteps(world: World): OffboardingSteps {
  const { database, cluster, servers, stripe, backendUrl, tenantBuckets, exports } = world;
  return {
    exportData: (tenant) => exportBeforeEnd(exports, tenant),
    backUp: (tenant) => backUpVolumes(cluster, tenant),
    async erase(tenant) {
      await erasePersonalData(database, exports.personalData, tenant);
      await forgetAddresses(database, { tenantId: tenant.id });
    },
    look: async (area, tenant, subscriptions) => {
      switch (area) {
        case 'kubernetes':
          return lookInKubernetes(cluster, tenant);
        case 'postgres':
          return lookInPostgres(servers, tenant);
        case 'state':
          return lookInState(backendUrl, tenant);
        case 'buckets':
          return lookInBuckets(tenantBuckets, tenant);
        case 'stripe':
          return lookInStripe(stripe, subscriptions);
      }
    },
  };
}

/** Deletes all that the tenant's product keeps about its people, or nothing. */
export async function erasePersonalData(
  database: Database,
  personalData: ReadonlyMap<string, PersonalData>,
  tenant: Tenant,
): Promise<void> {
  const kept = personalData.get(tenant.product);
  if (kept) await database.transaction((client) => kept.erase(client, tenant));
}

/** Makes the export before the end, or says why there is none. */
export async function exportBeforeEnd(context: ExportContext, tenant: Tenant): Promise<ExportLine> {
  if (tenant.phase === 'deleted')
    return { made: false, why: 'the tenant was deleted before exports were made' };
  if (tenant.slot) return { made: false, why: 'it was a slot that nobody had used' };
  if (tenant.owner === null)
    return { made: false, why: 'nobody owned it: an operator had it deleted as it was found' };
  if (tenant.activeAt === null && tenant.outputs === null)
    return { made: false, why: 'the tenant was never active and holds no data' };
  const wanted = await offboardingExport(context.database, tenant);
  // An earlier process may have finished the export and been killed before it wrote so into the journal.
  const facts =
    wanted.finishedAt && wanted.file && wanted.sha256 && wanted.expiresAt
      ? {
          file: wanted.file,
          sha256: wanted.sha256,
          bytes: wanted.bytes ?? 0,
          tables: wanted.tables ?? 0,
          rows: wanted.rows ?? 0,
          expiresAt: wanted.expiresAt,
        }
      : await makeExport(context, wanted, tenant);
  const { file, sha256, bytes, tables, rows, expiresAt } = facts;
  return {
    made: true,
    format: exportFormat,
    file,
    sha256,
    bytes,
    tables,
    rows,
    keptUntil: expiresAt.toISOString(),
  };
}
