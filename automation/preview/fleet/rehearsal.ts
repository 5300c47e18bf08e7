/**
 * A place for a sample fleet, for as long as a preview takes: a database, a cluster, a key service, a state folder.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defaultCell } from '../../../tenants/tenant.ts';
import { startKeyService } from '../../local/keys.ts';
import { clusterTools, startKubernetes } from '../../local/kubernetes.ts';
import { startPostgres } from '../../local/postgres.ts';
import { KubernetesClient, loadKubeconfig } from '../../providers/kubernetes/index.ts';
import { applyPlatform } from '../../stacks/index.ts';
import { ensureDatabase, migrate } from '../../store/migrate.ts';
import { ensureTools, readToolchainEnv } from '../../toolchain/index.ts';
import type { FleetPlace } from '../env.ts';

export interface Rehearsal {
  readonly place: FleetPlace;
  close(): Promise<void>;
}

/** Starts everything that a fleet on this machine needs, without tenants. */
export async function startRehearsal(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (line: string) => void;
}): Promise<Rehearsal> {
  const home = await mkdtemp(join(tmpdir(), 'tenantry-rehearsal-'));
  const releases: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const close = async () => {
    for (const release of releases.splice(0).reverse()) await release();
  };
  try {
    const { onProgress } = options;
    const found = await ensureTools(clusterTools, { env: readToolchainEnv(options.env), onProgress });
    const tools = Object.fromEntries(clusterTools.map((name) => [name, found[name].path])) as Record<
      (typeof clusterTools)[number],
      string
    >;
    onProgress('starting a database and a cluster for a sample fleet');
    const [postgres, cluster, keys] = await Promise.all([
      started(startPostgres({ dataDir: join(home, 'postgres'), durable: false }), releases),
      started(startKubernetes({ dataDir: join(home, 'kubernetes'), tools, durable: false }), releases),
      started(startKeyService({ keyFile: join(home, 'keys.json') }), releases),
    ]);
    const databaseUrl = databaseOf(postgres.url, 'tenantry');
    const tenantDatabaseUrl = databaseOf(postgres.url, 'tenants');
    await Promise.all([ensureDatabase(databaseUrl), ensureDatabase(tenantDatabaseUrl)]);
    await migrate(databaseUrl);
    const client = new KubernetesClient(loadKubeconfig(cluster.kubeconfigPath), options.env, () => {});
    await applyPlatform(client, defaultCell).finally(() => client.close());
    const state = join(home, 'state');
    await mkdir(state);
    return {
      place: {
        databaseUrl,
        tenantDatabaseUrl,
        tenantDatabaseServers: {},
        kubeconfig: cluster.kubeconfigPath,
        backendUrl: pathToFileURL(state).href,
        secretsProvider: 'hashivault://tenantry',
        cell: 'sample',
        variables: { VAULT_ADDR: keys.address, VAULT_TOKEN: keys.token },
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function started<Piece extends { stop(): Promise<unknown> }>(
  starting: Promise<Piece>,
  releases: (() => Promise<unknown>)[],
): Promise<Piece> {
  const piece = await starting;
  releases.push(() => piece.stop());
  return piece;
}

function databaseOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
