/**
 * One PostgreSQL and one Kubernetes for the whole run, in a temporary folder, ended with the run. What tests get by
 * `inject` is declared here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startKubernetes } from '../../automation/local/kubernetes.ts';
import { makeClusters, startPostgres } from '../../automation/local/postgres.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { type ToolName, toolNames } from '../../automation/toolchain/pins.ts';
import { ensureTools } from '../../automation/toolchain/tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Administrator's URL of the run's PostgreSQL; make a database of your own (`freshDatabase`). */
    postgresUrl: string;
    /** Administrator's URL of the run's server for tenants' databases. */
    tenantPostgresUrl: string;
    /** Path of the administrator's kubeconfig of the run's cluster; make namespaces of your own. */
    kubeconfig: string;
    /** Path of every program of the tool chain. */
    tools: Record<ToolName, string>;
    /** Temporary folder of the run, removed at its end. */
    runDir: string;
  }
}

const wanted = toolNames;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const runDir = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
  const releases: Array<() => Promise<unknown>> = [() => rm(runDir, { recursive: true, force: true })];
  const teardown = async () => {
    for (const release of releases.reverse()) await release().catch((error) => console.error(error));
  };
  try {
    const found = await ensureTools(wanted, {
      env: readToolchainEnv(),
      onProgress: (line) => console.error(line),
    });
    const tools = Object.fromEntries(wanted.map((name) => [name, found[name].path])) as Record<
      ToolName,
      string
    >;
    const [control, tenants] = [join(runDir, 'postgres'), join(runDir, 'postgres-tenants')];
    await makeClusters([control, tenants]);
    const started = await Promise.allSettled([
      startPostgres({ dataDir: control, durable: false }),
      startPostgres({ dataDir: tenants, durable: false, role: 'tenants' }),
      startKubernetes({ dataDir: join(runDir, 'kubernetes'), tools, durable: false }),
    ]);
    const [postgres, tenantPostgres, kubernetes] = started;
    for (const piece of started) if (piece.status === 'fulfilled') releases.push(piece.value.stop);
    if (postgres.status === 'rejected') throw postgres.reason;
    if (tenantPostgres.status === 'rejected') throw tenantPostgres.reason;
    if (kubernetes.status === 'rejected') throw kubernetes.reason;
    project.provide('postgresUrl', postgres.value.url);
    project.provide('tenantPostgresUrl', tenantPostgres.value.url);
    project.provide('kubeconfig', kubernetes.value.kubeconfigPath);
    project.provide('tools', tools);
    project.provide('runDir', runDir);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}
