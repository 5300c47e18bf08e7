import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnerSettings } from './protocol.ts';

/** The engine's home (PULUMI_HOME): Tenantry's own, so that nothing touches the user's. */
export function engineHome({ workDir }: Pick<RunnerSettings, 'workDir'>): string {
  return join(workDir, 'pulumi-home');
}

/**
 * Makes the engine's home, with links to exactly the given plugins, in folders named as Pulumi names them. Runners
 * may do this at the same time, and find what earlier ones left.
 */
export async function prepareEngineHome(
  settings: Pick<RunnerSettings, 'workDir' | 'plugins'>,
): Promise<void> {
  const folder = join(engineHome(settings), 'plugins');
  const plugins = new Map(
    (settings.plugins ?? []).map((plugin) => [`resource-${plugin.name}-v${plugin.version}`, plugin]),
  );
  // A link may lead to the user's own folder, which is not ours to tidy.
  await rm(folder, { force: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_FS_EISDIR') throw error;
  });
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder))
    if (!plugins.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  for (const [place, { name, path }] of plugins) {
    await mkdir(join(folder, place), { recursive: true });
    const link = join(folder, place, `.link-${process.pid}`);
    await rm(link, { force: true });
    await symlink(path, link);
    await rename(link, join(folder, place, `pulumi-resource-${name}`));
  }
}
