/** The tutorial, followed to the letter: docs/your-product.md is the source of everything that is built here. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TenantView } from '../../api/contract/tenant.ts';
import { ensurePage } from '../../api/dashboard/build.ts';
import { loadServices } from '../../automation/packages/index.ts';
import { services as own } from '../../services/index.ts';
import { launchChromium } from '../dashboard/chromium.ts';
import { isSettled, subscribe, untilTenantIs } from '../support/customer.ts';
import { remainsOf } from '../support/remains.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';
import { addToTree, root, writePackage } from './tutorial.ts';

const run = promisify(execFile);

/** @throws Error with what the type checker said */
async function typeCheck(folder: string): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '--noEmit', '-p', folder]).catch((error: { stdout: string }) => {
    throw new Error(error.stdout);
  });
}

let packaged: string;
let module: string;
beforeAll(async () => {
  packaged = await mkdtemp(join(inject('runDir'), 'wikis-'));
  module = await writePackage(packaged);
  // The simulated Stripe runs in this process, and sells the product to both.
  await loadServices({ own, packages: [module] });
});
afterAll(() => rm(packaged, { recursive: true, force: true }));

interface Sold {
  tenant: TenantView;
  token: string;
}

/**
 * Leads the product from payment to receipt.
 * @param running the installation that sells it
 * @param beforeItEnds more tests of the tenant that was sold
 */
function leadFromPaymentToReceipt(
  running: () => Tenantry,
  slug: string,
  beforeItEnds: (sold: () => Sold) => void = () => {},
): void {
  let tenant: TenantView;
  let token: string;

  const ask = (method: string, path: string, body?: unknown) =>
    running().request(method, path, { token, ...(body !== undefined && { body }) });
  const read = async <T>(path: string): Promise<T> =>
    (await running().cluster.send({ method: 'GET', path })) as T;

  test('is sold, and provisioned with its image, its labels and its rows', async () => {
    const { products } = (await running().request('GET', '/v1/products')).body as {
      products: { id: string }[];
    };
    expect(products.map(({ id }) => id)).toContain('wikis');
    ({ tenant, token } = await subscribe(running(), 'ada@example.com', {
      product: 'wikis',
      plan: 'team',
      slug,
    }));
    expect(tenant.namespace).toBe(`wiki-${slug}`);
    const namespace = await read<{ metadata: { labels: object } }>(`/api/v1/namespaces/wiki-${slug}`);
    expect(namespace.metadata.labels).toMatchObject({
      'tenantry.dev/tenant': tenant.id,
      'wikis.example.com/plan': 'team',
      'wikis.example.com/opened': tenant.createdAt.slice(0, 10),
    });
    const { items } = await read<{
      items: { spec: { template: { spec: { containers: { image: string }[] } } } }[];
    }>(`/apis/apps/v1/namespaces/wiki-${slug}/deployments`);
    expect(items.map(({ spec }) => spec.template.spec.containers[0]?.image)).toEqual([
      'ghcr.io/your-company/wiki:1.0.0',
    ]);
    expect(tenant.outputs?.database?.schema).toBe(`tenant_${tenant.id}`);
  });

  test('answers at its routes, to its owner alone, with what its follower wrote', async () => {
    const path = `/v1/wikis/${tenant.id}/editors`;
    const { body } = await ask('GET', path);
    expect(body).toEqual({ editors: [{ name: tenant.owner, since: expect.any(String) }] });
    const invited = (await ask('PUT', `${path}/Grace`)).body as { editors: { name: string }[] };
    expect(invited.editors.map(({ name }) => name)).toEqual([tenant.owner, 'Grace']);
    const stranger = await running().token('eve@example.com');
    expect((await running().request('GET', path, { token: stranger })).status).toBe(404);
    const { body: document } = await running().request('GET', '/openapi.json');
    expect((document as { paths: object }).paths).toHaveProperty('/v1/wikis/{id}/editors');
  });

  test('admits what its plan has, and refuses what it has not', async () => {
    const check = (key: string, kind: string, amount = 1) =>
      running().request('POST', `/v1/tenants/${tenant.id}/check`, {
        body: { key, check: 'edit', amount, attributes: { kind } },
      });
    const admitted = await check('first', 'page');
    expect(admitted.status).toBe(201);
    const refused = await check('second', 'comment');
    expect(refused.body).toMatchObject({ code: 'not_in_plan', detail: expect.stringContaining('Company') });
    expect((await check('third', 'page', 1000)).body).toMatchObject({ code: 'plan_limit_reached' });
    const { id } = (admitted.body as { reservation: { id: string } }).reservation;
    const settled = await running().request('POST', `/v1/tenants/${tenant.id}/check/${id}/settle`, {
      body: {},
    });
    expect(settled.status).toBe(200);
  });

  test('has its use in the statement, with its price, when the hour is over', async () => {
    const at = new Date(Date.now() - 2 * 3_600_000).toISOString();
    const told = await running().request('POST', `/v1/tenants/${tenant.id}/usage`, {
      body: { samples: [{ dimension: 'wikis_edits', at, quantity: '41' }] },
    });
    expect(told.status).toBe(200);
    const line = await until(
      async () => {
        const { lines } = (await ask('GET', `/v1/tenants/${tenant.id}/statement?month=${at.slice(0, 7)}`))
          .body as {
          lines: { id: string; quantity: string }[];
        };
        return lines.find(({ id }) => id === 'wikis_edits') ?? null;
      },
      { what: 'edits in the statement' },
    );
    // The settled edit follows when its own hour is over, which may be meanwhile.
    expect(['41', '42']).toContain(line.quantity);
    expect(line).toMatchObject({ unitPriceMicros: 2000, amountCents: 8 });
  });

  beforeItEnds(() => ({ tenant, token }));

  test('ends with an export of what it kept, none of it left, and a receipt', async () => {
    const subscription = tenant.subscription?.id ?? '';
    const cancelled = await ask('POST', `/v1/subscriptions/${subscription}/cancel`, { when: 'now' });
    expect(cancelled.status).toBe(200);
    await untilTenantIs(running(), tenant.id, isSettled('deleted'));
    const receipt = await until(
      async () => {
        const { status, body } = await ask('GET', `/v1/tenants/${tenant.id}/receipt`);
        return status === 200 ? (body as { receipt: { export: { file: string } } }) : null;
      },
      { what: 'the receipt' },
    );
    const file = join(running().home, 'exports', receipt.receipt.export.file);
    const records = gunzipSync(await readFile(file))
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { record: string; editor?: { name: string } });
    expect(records.flatMap(({ editor }) => (editor ? [editor.name] : []))).toEqual([tenant.owner, 'Grace']);
    const { rowCount } = await running().database.query('select from wikis.editor where tenant_id = $1', [
      tenant.id,
    ]);
    expect(rowCount).toBe(0);
    expect(await remainsOf(running(), tenant)).toEqual([]);
  });
}

describe('the product of the tutorial, as a package beside the tree', () => {
  let tenantry: Tenantry;

  beforeAll(async () => {
    tenantry = await startTenantry({ variables: { TENANTRY_SERVICES: module } });
  });
  afterAll(() => tenantry?.stop());

  leadFromPaymentToReceipt(
    () => tenantry,
    'tutorial',
    (sold) => {
      test('has its part on the tenant’s page', async () => {
        const { tenant, token } = sold();
        const [browser] = await Promise.all([launchChromium(), ensurePage()]);
        try {
          const page = await browser.newPage();
          const session = { token, subject: tenant.owner, label: 'Ada', expiresAt: Date.now() + 3_600_000 };
          await page.addInitScript(
            (text: string) => sessionStorage.setItem('tenantry.session', text),
            JSON.stringify(session),
          );
          await page.goto(`${tenantry.api}/#/tenants/${tenant.id}`);
          const part = page.locator('[data-product-part=wikis]');
          await part.getByRole('heading', { name: 'Editors' }).waitFor({ timeout: 120_000 });
          await part.getByText('Grace').waitFor({ timeout: 60_000 });
        } finally {
          await browser.close();
        }
      });
    },
  );

  test('passes the type checker with the tutorial’s configuration', async () => {
    await typeCheck(packaged);
  });
});

describe('the product of the tutorial, in the tree', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(inject('runDir'), 'tree-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('takes one line in each list and its import, and nothing else of the tree', async () => {
    const changed = await addToTree(folder);
    expect([...changed.keys()]).toEqual([
      'tenants/catalog/index.ts',
      'services/index.ts',
      'services/pages.ts',
    ]);
    for (const lines of changed.values()) {
      expect(lines.filter((line) => !line.startsWith('import '))).toHaveLength(1);
      expect(lines.length).toBeLessThanOrEqual(2);
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        include: ['services', 'tenants/catalog'],
      }),
    );
    await typeCheck(folder);

    const { stdout } = await run(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        `const { services } = await import('./services/index.ts');
         const { catalog } = await import('./tenants/catalog/index.ts');
         console.log(services.at(-1).product.id, catalog.at(-1).id);`,
      ],
      { cwd: folder },
    );
    expect(stdout.trim()).toBe('wikis wikis');
  });

  test('passes the search for names of products', async () => {
    for (const file of ['test/catalog-boundaries.test.ts', 'test/support/sources.ts'])
      await cp(join(root, file), join(folder, file));
    const config = join(folder, 'vitest.config.ts');
    await writeFile(config, 'export default { test: { include: ["test/*.test.ts"], testTimeout: 240000 } };');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { stdout } = await run(
      process.execPath,
      [
        vitest,
        'run',
        '--root',
        folder,
        '--config',
        config,
        '-t',
        'no other file names one',
        '--reporter',
        'json',
      ],
      { env: { ...process.env, VITEST: undefined, VITEST_WORKER_ID: undefined, VITEST_POOL_ID: undefined } },
    ).catch((error: { stdout: string }) => error);
    const { testResults } = JSON.parse(stdout) as {
      testResults: { assertionResults: { status: string; title: string; failureMessages: string[] }[] }[];
    };
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(results.find(({ title }) => title === 'no other file names one')).toMatchObject({
      status: 'passed',
      failureMessages: [],
    });
  });

  test('has its page part bundled apart, to be loaded when a tenant’s page opens', async () => {
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    const out = join(folder, 'page');
    await run(process.execPath, [
      vite,
      'build',
      '--config',
      join(folder, 'api/dashboard/vite.config.ts'),
      '--outDir',
      out,
      '--logLevel',
      'warn',
    ]);
    const html = await readFile(join(out, 'index.html'), 'utf8');
    const scripts = (await readdir(join(out, 'assets'))).filter((name) => name.endsWith('.js'));
    const withPart: string[] = [];
    for (const name of scripts)
      if ((await readFile(join(out, 'assets', name), 'utf8')).includes('the editors did not load'))
        withPart.push(name);
    expect(withPart).toHaveLength(1);
    expect(html).not.toContain(withPart[0]);
  });

  describe('started', () => {
    let tenantry: Tenantry;
    beforeAll(async () => {
      tenantry = await startTenantry({ tree: folder });
    });
    afterAll(() => tenantry?.stop());

    leadFromPaymentToReceipt(() => tenantry, 'in-tree');
  });
});
