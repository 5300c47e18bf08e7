/**
 * The names of what recovery deals with. They come from the stack's configuration alone: in a disaster, the control plane's
 * database and the state of the platform's stack may be lost.
 */
import type { PlatformConfig } from '../../infra/config.ts';
import { originName } from '../../infra/edge/names.ts';
import { platform } from '../../tenants/catalog/index.ts';
import type { ServerSettings } from './servers.ts';

export interface RecoveryTarget {
  readonly cellId: string;
  readonly region: string;
  /** The server of the control plane and the shared tenants. */
  readonly server: string;
  readonly replicas: readonly string[];
  /** Null where clients connect to the server directly. */
  readonly proxy: string | null;
  /** Servers for single tenants, by their name in the configuration. */
  readonly dedicated: readonly string[];
  /** The shared tenants' server in RDS; absent where that is `server`. */
  readonly tenantServer?: string;
  /** The secret with the password of the server's owner. */
  readonly secret: string;
  readonly settings: ServerSettings;
  /** The region that Velero's backups and the automated backups are copied to; null without copies. */
  readonly copiesIn: string | null;
  /** The host that the health check of this region's API asks. */
  readonly healthCheckHost: string;
  /** Whether Route 53 moves the API's name to another region. */
  readonly failsOver: boolean;
  /** Beginning of the name of the bucket with copied backups; the account's number ends the name. */
  readonly backupCopies: string;
}

export function recoveryTarget(config: PlatformConfig): RecoveryTarget {
  const { cellId, region, database } = config;
  const server = `${cellId}-main`;
  return {
    cellId,
    region,
    server,
    replicas: Array.from({ length: database.readReplicas }, (_, index) => `${server}-replica-${index + 1}`),
    proxy: server,
    dedicated: database.dedicatedInstances.map(({ name }) => name),
    ...(config.primary && { tenantServer: `${cellId}-tenants` }),
    secret: `tenantry/${cellId}/database-main`,
    settings: {
      multiAz: database.multiAz,
      backupRetentionDays: platform.database.pointInTimeRecoveryDays,
      deletionProtection: config.environment !== 'dev',
    },
    copiesIn: config.storage.replicaRegion ?? null,
    healthCheckHost: originName(config, region),
    failsOver: config.primary && config.edge.failover !== undefined,
    backupCopies: `tenantry-${cellId}-backups-replica`,
  };
}

/** The same cell with a dedicated server, which has no replicas and no proxy, in place of the shared one. */
export function dedicatedTarget(target: RecoveryTarget, name: string): RecoveryTarget {
  return {
    ...target,
    server: dedicatedServer(target, name),
    replicas: [],
    proxy: null,
    secret: `tenantry/${target.cellId}/database-dedicated-${name}`,
  };
}

/** The same cell with the shared tenants' own server in place of the control plane's. */
export function tenantsTarget(target: RecoveryTarget, server: string): RecoveryTarget {
  const secret = `tenantry/${target.cellId}/database-tenants`;
  return { ...target, server, replicas: [], proxy: null, secret };
}

/** A dedicated server's name in RDS. */
export function dedicatedServer({ cellId }: Pick<RecoveryTarget, 'cellId'>, name: string): string {
  return `${cellId}-dedicated-${name}`;
}
