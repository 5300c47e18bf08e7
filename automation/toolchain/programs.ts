import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { ToolchainEnv } from './env.ts';

/** Whether the path is an executable file. */
export async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Every program of the name on PATH, in PATH's order. */
export async function* programsOnPath(
  name: string,
  env: Pick<ToolchainEnv, 'path'>,
): AsyncGenerator<string, undefined> {
  for (const folder of env.path) {
    const path = join(folder, name);
    if (await isProgram(path)) yield path;
  }
}
