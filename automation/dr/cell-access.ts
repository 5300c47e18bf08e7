/** Opens what recovery needs of a cell: its rows, its cluster, its tenants' database. */
import { KubernetesClient, loadKubeconfig } from '../providers/kubernetes/index.ts';
import { createFingerprints, standingStacks } from '../stacks/index.ts';
import { type Database, openDatabase, openServers } from '../store/database.ts';
import type { CellPlace } from './env.ts';
import { type Verification, verifyCell } from './verify.ts';

const maxConnections = 4;

export async function withControlPlane<T>(
  databaseUrl: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = openDatabase(databaseUrl, { maxConnections, name: 'tenantry-dr', queryTimeoutMs: 60_000 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

export async function withCluster<T>(
  kubeconfig: string,
  env: NodeJS.ProcessEnv,
  work: (cluster: KubernetesClient) => Promise<T>,
): Promise<T> {
  const cluster = new KubernetesClient(loadKubeconfig(kubeconfig), env, () => {});
  try {
    return await work(cluster);
  } finally {
    cluster.close();
  }
}

/**
 * Verifies a cell.
 * @throws Error when `PULUMI_BACKEND_URL` is not set
 */
export async function verifyPlace(place: CellPlace, env: NodeJS.ProcessEnv): Promise<Verification> {
  if (place.backendUrl === null)
    throw new Error('PULUMI_BACKEND_URL must name the state of the tenants’ stacks');
  const stacks = await standingStacks(place.backendUrl);
  const servers = openServers(place.tenantDatabaseServers, { maxConnections, name: 'tenantry-dr' });
  try {
    return await withControlPlane(place.databaseUrl, (database) =>
      withControlPlane(place.tenantDatabaseUrl, (tenantDatabase) =>
        withCluster(place.kubeconfig, env, (cluster) =>
          verifyCell({
            database,
            cell: place.cell,
            cluster,
            stacks,
            fingerprints: createFingerprints(cluster, tenantDatabase, servers),
          }),
        ),
      ),
    );
  } finally {
    await Promise.all([...servers.values()].map((server) => server.close()));
  }
}
