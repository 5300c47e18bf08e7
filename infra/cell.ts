/** What a stack says about its cell: the control plane places tenants by it, and disaster recovery uses it. */
import type { Cluster } from './cluster.ts';
import type { PlatformConfig } from './config.ts';
import { stateUrl } from './control-plane/environment.ts';
import type { Database } from './database.ts';
import type { Edge } from './edge.ts';
import { stateSecretsProvider } from './keys.ts';
import type { Storage } from './storage.ts';

/** The stack's output `cell`; `automation/cells/output.ts` reads it. */
export function cellOutput(
  config: PlatformConfig,
  args: { cluster: Cluster; database: Database; storage: Storage; edge: Edge },
) {
  const { cluster, database, storage, edge } = args;
  const { cellId, region } = config;
  return {
    id: cellId,
    region,
    /** Tenants that ask for no region go to the home cell. */
    home: config.primary,
    cluster: { name: cluster.name, endpoint: cluster.endpoint },
    database: {
      identifier: database.identifier,
      host: database.host,
      port: database.port,
      proxyHost: database.proxyHost,
      secretArn: database.secretArn,
      replicas: config.database.readReplicas,
      /** Placement gives each to one tenant. */
      dedicated: config.database.dedicatedInstances.map(({ name, tenant }) => ({
        name,
        tenant: tenant ?? null,
        ...serverOf(database, name),
      })),
    },
    state: {
      bucket: storage.state.name,
      url: stateUrl(config, storage),
      secretsProvider: stateSecretsProvider(config),
    },
    publicUrl: edge.publicUrl,
    /** Where the cell is restored when its region is lost. */
    recovery: {
      region: config.storage.replicaRegion ?? null,
      databaseArn: database.arn,
      stateBucket: storage.replica?.state.name ?? null,
      backupsBucket: storage.replica?.backups.name ?? null,
      healthCheckId: config.edge.failover ? edge.healthCheckId : null,
    },
  };
}

function serverOf({ dedicated }: Database, name: string) {
  const server = dedicated[name];
  if (!server) throw new Error(`There is no database server ${name}`);
  const { host, port, secretArn } = server;
  return { host, port, secretArn };
}
