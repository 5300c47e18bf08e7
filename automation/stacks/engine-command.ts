import { mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PulumiCommand } from '@pulumi/pulumi/automation/index.js';

/**
 * Lets the Automation API call the program at `path`. The API calls only `<root>/bin/pulumi`, so each runner links that to
 * the program, replacing the link of another version.
 */
export async function engineCommand(path: string, workDir: string): Promise<PulumiCommand> {
  const folder = join(workDir, 'bin');
  await mkdir(folder, { recursive: true });
  // Other runners are using the present link: it is replaced in one step.
  const link = join(folder, `.pulumi-${process.pid}`);
  await symlink(path, link);
  await rename(link, join(folder, 'pulumi'));
  return PulumiCommand.get({ root: workDir, skipVersionCheck: true });
}
