/**
 * What recovery deals with, by name. Names come from the stack's configuration alone: in a disaster neither the
 * control plane's database nor the state of the platform's stack need exist.
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
  /** Null where clients connect to the server itself. */
  readonly proxy: string | null;
  /** Servers for one tenant each, by name in the configuration. */
  readonly dedicated: readonly string[];
  /** Secret with the password of the server's owner. */
  readonly secret: string;
  readonly settings: ServerSettings;
  /** Where Velero's backups and the automated backups are copied to; null when nowhere. */
  readonly copiesIn: string | null;
  /** Name that the health check of this region's API requests. */
  readonly healthCheckHost: string;
  /** Whether Route 53 moves the API's name to another region. */
  readonly failsOver: boolean;
  /** First part of the name of the bucket with copied backups; the account's number ends it. */
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

/** The same cell with a dedicated tenant's server in place of the shared one: it has neither replicas nor a proxy. */
export function dedicatedTarget(target: RecoveryTarget, name: string): RecoveryTarget {
  return {
    ...target,
    server: dedicatedServer(target, name),
    replicas: [],
    proxy: null,
    secret: `tenantry/${target.cellId}/database-dedicated-${name}`,
  };
}

/** Name of a dedicated tenant's server in RDS. */
export function dedicatedServer({ cellId }: Pick<RecoveryTarget, 'cellId'>, name: string): string {
  return `${cellId}-dedicated-${name}`;
}
