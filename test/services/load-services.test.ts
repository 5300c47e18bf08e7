import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { loadServices, readServicePackages } from '../../automation/packages/index.ts';
import { services as own } from '../../services/index.ts';
import { catalog, findProduct } from '../../tenants/catalog/index.ts';

/** Packages beside the tree, as modules in a folder. */

let folder: string;
let wrong = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(inject('runDir'), 'packages-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const browsers = pathToFileURL(join(import.meta.dirname, '../../tenants/catalog/browsers.ts')).href;

/** A module whose product is as `browsers`, but for its names; `more` are fields of the service, in JavaScript. */
async function packageOf(id: string, more = '', product = ''): Promise<string> {
  const path = join(folder, `${id}.ts`);
  const meter = id.replaceAll('-', '_');
  await writeFile(
    path,
    `import { browsers } from '${browsers}';
     const text = JSON.stringify({ ...browsers, id: '${id}', namespace: { ...browsers.namespace, prefix: '${id}-' } });
     const product = { ...JSON.parse(text.replaceAll('"browsers_', '"${meter}_')), ${product} };
     export default { product, ${more} };`,
  );
  return path;
}

const load = (...packages: string[]) => loadServices({ own, packages });

describe('packages of services', () => {
  test('come after the services of the tree, and their products are on sale', async () => {
    const path = await packageOf('lectures', 'sweep: { greet: async () => {} }');
    const loaded = await load(path, pathToFileURL(path).href.replace('file://', ''));
    expect(loaded.map(({ product }) => product.id)).toEqual([
      ...own.map(({ product }) => product.id),
      'lectures',
      'lectures',
    ]);
    expect(loaded.at(-1)?.sweep).toHaveProperty('greet');
    expect(findProduct('lectures')).toBe(loaded.at(-1)?.product);
  });

  test.each([
    ['a file that is not there', '/nowhere/index.ts', 'there is no file /nowhere/index.ts'],
    ['a package that is not there', '@nobody/at-all', /@nobody\/at-all/],
  ])('%s is named', async (_what, specifier, why) => {
    await expect(load(specifier)).rejects.toThrow(`TENANTRY_SERVICES: ${specifier} cannot be loaded: `);
    await expect(load(specifier)).rejects.toThrow(why);
  });

  test('a folder is told from its module', async () => {
    const path = join(folder, 'package');
    await mkdir(path);
    await expect(load(path)).rejects.toThrow(
      `${path} is a folder: name its module, such as ${path}/index.ts`,
    );
  });

  test('a module that throws, or exports nothing, is named', async () => {
    const path = join(folder, 'broken.ts');
    await writeFile(path, `throw new Error('no key');`);
    await expect(load(path)).rejects.toThrow(`${path} cannot be loaded: no key`);
    const empty = join(folder, 'empty.ts');
    await writeFile(empty, 'export const service = {};');
    await expect(load(empty)).rejects.toThrow(`${empty} cannot be loaded: its module has no default export`);
  });

  test.each([
    ['task: {}', 'Unrecognized key: "task"'],
    ['tasks: { greet: async () => {} }', 'tasks.greet: '],
    ['sweep: { greet: true }', 'sweep.greet: must be a function'],
    ['personalData: { export: () => [] }', 'personalData.erase: must be a function'],
    [`migrations: 'migrations'`, 'migrations: must be an absolute path'],
    [`page: '/nowhere/page.js'`, 'page: names nothing that exists'],
    [
      `objects: [{ apiVersion: 'v1', kind: 'Pod', label: 'pod', wanted: async () => new Set() }]`,
      'objects.0.label: ',
    ],
  ])('a service with %s has its field named', async (more, why) => {
    const path = await packageOf(`wrong-${++wrong}`, more);
    await expect(load(path)).rejects.toThrow(`TENANTRY_SERVICES: ${path} cannot be loaded: ${why}`);
  });

  test('a product that cannot be sold has its field named, and is not on sale', async () => {
    const size = catalog.length;
    const path = await packageOf('talks', '', `image: ''`);
    await expect(load(path)).rejects.toThrow(
      `TENANTRY_SERVICES: ${path} cannot be loaded: product talks: image`,
    );
    const taken = await packageOf('again', '', `id: 'workspace'`);
    await expect(load(taken)).rejects.toThrow('product workspace: id: another product has it');
    expect(catalog).toHaveLength(size);
  });
});

test('the variable names packages, separated by commas', () => {
  expect(readServicePackages({})).toEqual([]);
  expect(readServicePackages({ TENANTRY_SERVICES: ' ../lectures/index.ts, @acme/talks' })).toEqual([
    '../lectures/index.ts',
    '@acme/talks',
  ]);
});
