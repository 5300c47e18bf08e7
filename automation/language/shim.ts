import { access, chmod, constants, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const name = 'pulumi-language-nodejs';

/**
 * Makes `pulumi-language-nodejs` available: returns its folder where it is on the PATH, else `folder` with one that
 * starts our host, for the caller to put on the engine's PATH.
 */
export async function ensureLanguageHost(
  folder: string,
  path: readonly string[],
): Promise<{ kind: 'official' | 'served'; folder: string }> {
  for (const candidate of path) {
    const found = await access(join(candidate, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return { kind: 'official', folder: candidate };
  }
  const root = join(import.meta.dirname, '..', '..');
  await mkdir(folder, { recursive: true });
  const script = join(folder, name);
  // `exec`, so that the engine kills the host itself. The project's own Node, as the machine's may not read
  // TypeScript.
  await writeFile(
    script,
    `#!/bin/sh\nexec ${quoted(join(root, 'node_modules', '.bin', 'node'))} ${quoted(join(import.meta.dirname, 'main.ts'))} "$@"\n`,
  );
  await chmod(script, 0o755);
  return { kind: 'served', folder };
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
