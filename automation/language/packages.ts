import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The provider that a package in `node_modules` represents. */
export interface RequiredPackage {
  readonly name: string;
  /** With a leading `v`. */
  readonly version: string;
  /** Where its plugin is downloaded; empty for the usual place. */
  readonly server: string;
}

const manifestSchema = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  pulumi: z
    .object({
      resource: z.boolean().optional(),
      name: z.string().optional(),
      version: z.string().optional(),
      server: z.string().optional(),
    })
    .optional(),
});

/**
 * The providers of every package below a directory's `node_modules`, nested ones too. Like the official host, it
 * looks only downwards: for a program in a folder of its own it finds nothing, and the engine learns the versions
 * from the program's first request to each provider.
 */
export async function requiredPackages(directory: string): Promise<RequiredPackage[]> {
  const modules = join(directory, 'node_modules');
  const folders = await packageFolders(modules);
  const found = await Promise.all(
    folders.map(async (folder) => [...(await packageIn(folder)), ...(await requiredPackages(folder))]),
  );
  return found.flat();
}

async function packageFolders(modules: string): Promise<string[]> {
  const names = await readdir(modules).catch(() => []);
  const folders = names.filter((name) => !name.startsWith('.'));
  const nested = await Promise.all(
    folders.map((name) =>
      name.startsWith('@') ? packageFolders(join(modules, name)) : [join(modules, name)],
    ),
  );
  return nested.flat();
}

async function packageIn(folder: string): Promise<RequiredPackage[]> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  if (!text.includes('"pulumi"')) return [];
  const parsed = manifestSchema.safeParse(JSON.parse(text));
  if (!parsed.success || !parsed.data.pulumi?.resource) return [];
  const { name = '', version = '', pulumi } = parsed.data;
  const plugin = pulumi.name ?? (name.startsWith('@pulumi/') ? name.slice('@pulumi/'.length) : '');
  const pluginVersion = pulumi.version ?? version;
  if (plugin === '' || pluginVersion === '') return [];
  return [{ name: plugin, version: `v${pluginVersion.replace(/^v/, '')}`, server: pulumi.server ?? '' }];
}
