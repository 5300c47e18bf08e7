import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as client from '../../../api/client/index.ts';
import { generateClient } from '../../../api/generate-client.ts';
import { type Service, startService } from '../../support/service.ts';
import { addTenant } from '../../support/tenant-rows.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');
const source = join(root, 'api/client');

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tenantry-client-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const read = files
    .filter((file) => file.isFile())
    .map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const;
    });
  return Object.fromEntries(await Promise.all(read));
}

test('the generated part of the client is that of the present API: `npm run client` writes it anew', async () => {
  const fresh = join(scratch, 'generated');
  await generateClient(fresh);
  const [written, committed] = await Promise.all([contentOf(fresh), contentOf(join(source, 'generated'))]);
  expect(Object.keys(committed).sort()).toEqual(Object.keys(written).sort());
  const stale = Object.keys(written).filter((file) => written[file] !== committed[file]);
  expect(stale, 'run `npm run client` and commit what it writes').toEqual([]);
});

test('the README calls nothing that is not there', async () => {
  const readme = await readFile(join(source, 'README.md'), 'utf8');
  const imported = [...readme.matchAll(/import \{([^}]+)\} from '@tenantry\/client'/g)].flatMap(([, names]) =>
    (names ?? '').split(',').map((name) => name.trim()),
  );
  expect(imported).toContain('createTenantryClient');
  expect(Object.keys(client)).toEqual(expect.arrayContaining(imported));
});

describe('the package', () => {
  let service: Service;
  let files: string[];
  let app: string;
  beforeAll(async () => {
    service = await startService();
    // Packed in a copy, so that no built file appears among the sources.
    const copy = join(scratch, 'copy');
    await cp(source, join(copy, 'api/client'), { recursive: true });
    await cp(join(root, 'tsconfig.json'), join(copy, 'tsconfig.json'));
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', scratch], {
      cwd: join(copy, 'api/client'),
    });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [
      { filename: string; files: { path: string }[] },
    ];
    files = packed.files.map(({ path }) => path);
    app = join(scratch, 'app');
    const installed = join(app, 'node_modules/@tenantry/client');
    await mkdir(installed, { recursive: true });
    await run('tar', [
      ...['-xzf', join(scratch, packed.filename)],
      ...['-C', installed, '--strip-components', '1'],
    ]);
  });
  afterAll(() => service?.stop());

  test('holds JavaScript with its types, and no source, which Node would refuse', () => {
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
    );
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  });

  test('needs nothing at run time', async () => {
    const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as object;
    expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
    const imported = files
      .filter((file) => file.endsWith('.js'))
      .map(async (file) => {
        const text = await readFile(join(app, 'node_modules/@tenantry/client', file), 'utf8');
        return [...text.matchAll(/\bfrom ["']([^"']+)["']/g)].map(([, from]) => from);
      });
    expect((await Promise.all(imported)).flat().filter((from) => !from?.startsWith('.'))).toEqual([]);
  });

  test('is used by a plain script of somebody else', async () => {
    const tenant = await addTenant(service.database, { owner: 'ada' });
    await writeFile(
      join(app, 'script.mjs'),
      `import { createTenantryClient, getTenant, listProducts, TenantryError } from '@tenantry/client';
      const client = createTenantryClient({ baseUrl: process.env.API, token: () => process.env.TOKEN });
      const { products } = await listProducts({ client });
      const { id } = await getTenant({ client, path: { id: process.env.TENANT } });
      const refused = await getTenant({ client, path: { id: 'zzzzzzzz' } }).catch((error) => error);
      console.log(JSON.stringify({
        products: products.map((product) => product.id),
        id,
        refused: refused instanceof TenantryError && refused.code,
      }));`,
    );
    const token = await service.identity.token('ada', 'tenant');
    const { stdout } = await run(process.execPath, ['script.mjs'], {
      cwd: app,
      env: { API: service.url, TOKEN: token, TENANT: tenant.id },
    });
    expect(JSON.parse(stdout)).toEqual({
      products: ['workspace', 'browsers', 'inbox', 'agents', 'stream'],
      id: tenant.id,
      refused: 'not_found',
    });
  });
});
