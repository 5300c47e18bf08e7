/** Another version of the tenant program: this one with a few lines changed, in a folder of its own. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const thisRoot = fileURLToPath(new URL('../../', import.meta.url));

export interface Variation {
  readonly root: string;
  remove(): Promise<void>;
}

/**
 * Copies the program and changes it.
 * @param edits by file in `tenants/`: pairs of a text that must occur there once, and its replacement
 */
export async function variationOf(
  edits: Readonly<Record<string, readonly (readonly [string, string])[]>>,
): Promise<Variation> {
  const root = await mkdtemp(join(tmpdir(), 'tenantry-variation-'));
  await cp(join(thisRoot, 'tenants'), join(root, 'tenants'), { recursive: true });
  await cp(join(thisRoot, 'package.json'), join(root, 'package.json'));
  await symlink(join(thisRoot, 'node_modules'), join(root, 'node_modules'));
  for (const [file, pairs] of Object.entries(edits)) {
    const path = join(root, 'tenants', file);
    let text = await readFile(path, 'utf8');
    for (const [from, to] of pairs) {
      if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
      text = text.replace(from, () => to);
    }
    await writeFile(path, text);
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}
