import { mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PulumiCommand } from '@pulumi/pulumi/automation/index.js';

/**
 * Lets the Automation API call the program at `path`, whatever its name: it calls none but `<root>/bin/pulumi`, so
 * that is made a link to it, anew by each runner, as a link may be left of another version.
 */
export async function engineCommand(path: string, workDir: string): Promise<PulumiCommand> {
  const folder = join(workDir, 'bin');
  await mkdir(folder, { recursive: true });
  // Other runners are using the one that is there: it is replaced in one step.
  const link = join(folder, `.pulumi-${process.pid}`);
  await symlink(path, link);
  await rename(link, join(folder, 'pulumi'));
  return PulumiCommand.get({ root: workDir, skipVersionCheck: true });
}
