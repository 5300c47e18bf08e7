/** The settings of an installation's runners, for runners of the benchmark. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnerSettings } from '../../automation/stacks/protocol.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { resolveProviders } from '../../automation/toolchain/plugins.ts';
import { readWorkerEnv, type WorkerEnv } from '../../automation/worker/env.ts';
import type { Installation } from './installation.ts';

export function workerEnv({ workerEnvironment }: Installation): WorkerEnv {
  return readWorkerEnv(workerEnvironment);
}

/** The same settings as the worker's, with work directories beside its own. */
export async function runnerSettings(installation: Installation): Promise<RunnerSettings> {
  const { workerEnvironment } = installation;
  const env = workerEnv(installation);
  const workDir = join(installation.home, 'bench-engine');
  await mkdir(workDir, { recursive: true });
  return {
    enginePath: workerEnvironment.TENANTRY_TOOL_TENANTRY_ENGINE ?? 'pulumi',
    backendUrl: env.backendUrl,
    secretsProvider: env.secretsProvider,
    workDir,
    kubeconfig: env.kubeconfig,
    tenantDatabaseUrl: env.tenantDatabaseUrl,
    // The supervisor has decided which providers there are, and told the worker.
    ...(await resolveProviders({ env: readToolchainEnv(workerEnvironment) })),
  };
}
