import { mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnerSettings } from './protocol.ts';

/** The engine's home (PULUMI_HOME): of Tenantry's own, so that nothing is read from or written to the user's. */
export function engineHome({ workDir }: Pick<RunnerSettings, 'workDir'>): string {
  return join(workDir, 'pulumi-home');
}

/**
 * Makes the engine's home, in which the engine finds the plugins of `pluginsFolder`; none where there is no such
 * folder. Runners may do it at the same time, and find what earlier ones have left.
 */
export async function prepareEngineHome(
  settings: Pick<RunnerSettings, 'workDir' | 'pluginsFolder'>,
): Promise<void> {
  const home = engineHome(settings);
  await mkdir(home, { recursive: true });
  const { pluginsFolder } = settings;
  // The engine takes a link that leads nowhere for a broken home.
  if (pluginsFolder === undefined || !(await isFolder(pluginsFolder))) return;
  const plugins = join(home, 'plugins');
  const link = join(home, `.plugins-${process.pid}`);
  await rm(link, { force: true });
  await symlink(pluginsFolder, link);
  try {
    await rename(link, plugins);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    // A folder that an engine has made for itself when there were no plugins.
    await rm(plugins, { recursive: true, force: true });
    await rename(link, plugins);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
