/** Opens what a preview of a fleet needs: its rows, and engines with its states and its cluster. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRunnerPool, type RunnerPool, type RunnerSettings } from '../../stacks/index.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { ensureTool, readToolchainEnv, resolveProviders, type ToolchainEnv } from '../../toolchain/index.ts';
import type { FleetPlace } from '../env.ts';

export interface FleetAccess {
  readonly place: FleetPlace;
  readonly database: Database;
  /** Runners with the tenant program of a checkout, closed with the access. */
  runners(programRoot: string): Promise<RunnerPool>;
  close(): Promise<void>;
}

export interface FleetAccessOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Concurrent engines. */
  readonly engines: number;
  readonly onProgress: (line: string) => void;
}

/** How many operations a runner does before it is replaced: more than any preview needs. */
const operationsPerRunner = 1000;

export async function openFleet(place: FleetPlace, options: FleetAccessOptions): Promise<FleetAccess> {
  const workDir = await mkdtemp(join(tmpdir(), 'tenantry-preview-'));
  const database = openDatabase(place.databaseUrl, { maxConnections: 4, name: 'tenantry-preview' });
  const pools: RunnerPool[] = [];
  const toolchain = readToolchainEnv(options.env);
  return {
    place,
    database,
    async runners(programRoot) {
      const pool = createRunnerPool({
        settings: await runnerSettings(place, {
          toolchain,
          workDir,
          programRoot,
          onProgress: options.onProgress,
        }),
        size: options.engines,
        operationsPerRunner,
        env: { ...options.env, ...place.variables },
      });
      pools.push(pool);
      return pool;
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.close()));
      await database.close();
      await rm(workDir, { recursive: true, force: true });
    },
  };
}

async function runnerSettings(
  place: FleetPlace,
  {
    toolchain,
    workDir,
    programRoot,
    onProgress,
  }: {
    toolchain: ToolchainEnv;
    workDir: string;
    programRoot: string;
    onProgress: (line: string) => void;
  },
): Promise<RunnerSettings> {
  const options = { env: toolchain, onProgress };
  // The whole CLI, because the workers' smaller engine cannot preview.
  const [pulumi, providers] = await Promise.all([ensureTool('pulumi', options), resolveProviders(options)]);
  const folder = await mkdtemp(join(workDir, 'engine-'));
  await mkdir(folder, { recursive: true });
  return {
    enginePath: pulumi.path,
    backendUrl: place.backendUrl,
    secretsProvider: place.secretsProvider,
    workDir: folder,
    kubeconfig: place.kubeconfig,
    tenantDatabaseUrl: place.tenantDatabaseUrl,
    tenantDatabaseServers: place.tenantDatabaseServers,
    ...providers,
    programRoot,
  };
}
