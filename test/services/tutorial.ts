/** The product of docs/your-product.md: its files as they stand there, in a package or in a copy of the tree. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** Blocks of the tutorial that are files, by name, in their order. */
export async function tutorialFiles(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(root, 'docs/your-product.md'), 'utf8');
  const blocks = text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, name = '', content = '']) => [name, content]));
}

const lists = ['tenants/catalog/index.ts', 'services/index.ts', 'services/pages.ts'];

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Writes the package as a reader would, and links what `npm install` would. @returns its module */
export async function writePackage(folder: string): Promise<string> {
  for (const [name, content] of await tutorialFiles())
    if (!lists.includes(name)) await write(join(folder, name), content);
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/tenantry'));
  await symlink(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  return join(folder, 'index.ts');
}

/**
 * Copies what the type checker and the page's bundler read of the tree, and adds the product as the tutorial says.
 * @returns lines of the lists that are not as they were
 */
export async function addToTree(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const left = /(^|\/)(node_modules|dist|modules|\.tenantry)$/;
  for (const part of ['api', 'automation', 'cli', 'infra', 'services', 'tenants'])
    await cp(join(root, part), join(folder, part), {
      recursive: true,
      filter: (path) => !left.test(path),
    });
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json'])
    await cp(join(root, file), join(folder, file));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));

  const changed = new Map<string, readonly string[]>();
  for (const [name, content] of await tutorialFiles()) {
    if (name.endsWith('.json')) continue;
    if (lists.includes(name)) changed.set(name, await changeList(join(folder, name), content));
    else await write(join(folder, placeInTree(name)), inTree(name, content));
  }
  return changed;
}

function placeInTree(name: string): string {
  return name === 'product.ts' ? 'tenants/catalog/wikis.ts' : `services/wikis/${name}`;
}

/** By the table of the tutorial. */
function inTree(name: string, content: string): string {
  if (name === 'product.ts') return content.replaceAll('tenantry/tenants/catalog/', './');
  return content
    .replaceAll(`'tenantry/`, `'../../`)
    .replace(`'./product.ts'`, `'../../tenants/catalog/wikis.ts'`)
    .replace(/^ {2}page: .*\n/m, '')
    .replace(/\nexport default .*\n/, '');
}

/** Puts the block's lines into a list: an import among the imports, the list itself in place of the one that is there. */
async function changeList(path: string, block: string): Promise<readonly string[]> {
  const before = (await readFile(path, 'utf8')).split('\n');
  const after = [...before];
  for (const line of block.trimEnd().split('\n')) {
    if (line.startsWith('import '))
      after.splice(
        after.findIndex((each) => each.startsWith('import ')),
        0,
        line,
      );
    else {
      const head = line.slice(0, line.indexOf('=') + 1);
      const place = after.findIndex((each) => each.startsWith(head));
      if (place < 0) throw new Error(`${path} has no line that begins with ${head}`);
      after[place] = line;
    }
  }
  await writeFile(path, after.join('\n'));
  return after.filter((line) => !before.includes(line));
}
