import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readCellOutput } from '../../automation/cells/output.ts';
import { writeEndpoints } from '../../automation/local/home.ts';
import { ensureCell, listCells } from '../../automation/store/cells.ts';
import { type Database, openDatabase } from '../../automation/store/database.ts';
import { migrate } from '../../automation/store/migrate.ts';
import { listDirtySubscriptions } from '../../automation/store/subscriptions.ts';
import { command } from '../cli/command.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';

const output = (id: string, region: string, home: boolean) => ({
  id,
  region,
  home,
  cluster: { name: id, endpoint: `https://${id}.eks.test` },
  database: {
    identifier: `${id}-main`,
    host: `${id}-main.rds.test`,
    proxyHost: `${id}.proxy.test`,
    port: 5432,
    secretArn: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:x',
    replicas: 1,
    dedicated: home
      ? [{ name: 'acme', host: 'acme.rds.test', port: 5432, secretArn: 'arn:y', tenant: 'acme' }]
      : [],
  },
  state: {
    bucket: `${id}-state`,
    url: `s3://${id}-state?region=${region}`,
    secretsProvider: 'awskms://alias/x',
  },
  publicUrl: 'https://tenantry.test',
  recovery: {
    region: null,
    databaseArn: 'arn:x',
    stateBucket: null,
    backupsBucket: null,
    healthCheckId: null,
  },
});
const stacks = {
  prod: output('prod-us-east-1', 'us-east-1', true),
  'prod-eu-west-1': output('prod-eu-west-1', 'eu-west-1', false),
  broken: { ...output('x', 'y', false), cluster: { name: '' }, publicUrl: undefined },
};

let fresh: FreshDatabase;
let database: Database;
let home: string;
let pulumi: string;
beforeAll(async () => {
  fresh = await freshDatabase();
  await migrate(fresh.url);
  database = openDatabase(fresh.url, { maxConnections: 2 });
  home = await mkdtemp(join(inject('runDir'), 'cells-'));
  await writeEndpoints(home, {
    api: 'http://127.0.0.1:1',
    stripe: '',
    kubeconfig: '',
    postgres: fresh.url,
    issuer: '',
    operatorToken: null,
  });
  // As Pulumi's CLI answers `stack output cell --json --stack <stack>`.
  pulumi = join(home, 'pulumi');
  await writeFile(
    pulumi,
    `#!${process.execPath}
const [stack, output, name, json] = process.argv.slice(2);
const wanted = process.argv[process.argv.indexOf('--stack') + 1];
const found = ${JSON.stringify(stacks)}[wanted];
if (stack !== 'stack' || output !== 'output' || name !== 'cell' || json !== '--json' || !found) {
  console.error('error: no stack named ' + wanted + ' found');
  process.exit(255);
}
console.log(JSON.stringify(found));
`,
  );
  await chmod(pulumi, 0o755);
});
afterAll(async () => {
  await database?.close();
  await fresh?.drop();
});

const sync = (...names: string[]) =>
  command(home, [
    'cells',
    'sync',
    '--pulumi',
    pulumi,
    '--json',
    ...names.flatMap((name) => ['--stack', name]),
  ]);

describe('cells', () => {
  test('of platform stacks become known with what stands in them', async () => {
    const outcome = await sync('prod', 'prod-eu-west-1');
    expect(outcome.exitCode, outcome.stdout).toBe(0);
    expect(outcome.json()).toEqual({ synced: ['prod-us-east-1', 'prod-eu-west-1'], untouched: [] });
    expect(await listCells(database)).toMatchObject([
      { id: 'prod-eu-west-1', region: 'eu-west-1', home: false },
      {
        id: 'prod-us-east-1',
        home: true,
        cluster: 'prod-us-east-1',
        database: 'prod-us-east-1-main.rds.test',
        stateBucket: 's3://prod-us-east-1-state?region=us-east-1',
      },
    ]);
  });

  test('are listed, those that only a worker made known too', async () => {
    await ensureCell(database, { id: 'local', region: 'local' });
    const { cells } = (await command(home, ['cells', '--json'])).json() as {
      cells: { id: string; tenants: number }[];
    };
    expect(cells.map(({ id, tenants }) => [id, tenants])).toEqual([
      ['local', 0],
      ['prod-eu-west-1', 0],
      ['prod-us-east-1', 0],
    ]);
    expect((await command(home, ['cells'])).stdout).toMatch(/prod-us-east-1 +us-east-1 +yes.* 1, 1 free /);
    expect((await command(home, ['cells'])).stdout).toMatch(/local .*never/);
  });

  test('can be synced again; a worker that starts keeps what was synced', async () => {
    await sync('prod');
    await ensureCell(database, { id: 'prod-us-east-1', region: 'us-east-1' });
    expect((await listCells(database)).find(({ home: isHome }) => isHome)).toMatchObject({
      id: 'prod-us-east-1',
      cluster: 'prod-us-east-1',
    });
  });

  test('let subscriptions be looked at again that had no place before', async () => {
    await database.query(
      `insert into tenantry.subscription (id, problem) values ('sub_waits', 'There is no cell in the region x.'), ('sub_fine', null)`,
    );
    await sync('prod');
    expect(await listDirtySubscriptions(database, 10)).toEqual(['sub_waits']);
  });

  test('are written all or none: a stack without the output changes nothing and is named with every wrong key', async () => {
    const before = await listCells(database);
    const outcome = await sync('prod-eu-west-1', 'broken');
    expect(outcome.exitCode).toBe(1);
    const { error } = outcome.json() as { error: { code: string; message: string } };
    expect(error.code).toBe('no_cell_output');
    expect(error.message).toMatch(/The stack broken[\s\S]*cell\.cluster\.name[\s\S]*cell\.publicUrl/);
    expect(await listCells(database)).toEqual(before);
  });

  test('of a stack that Pulumi does not know are answered with what Pulumi said', async () => {
    const { error } = (await sync('nowhere')).json() as { error: { message: string } };
    expect(error.message).toMatch(/no stack named nowhere found/);
  });
});

test('an output may say more than is asked', () => {
  expect(readCellOutput({ ...stacks.prod, more: 1 }, 'prod')).toMatchObject({
    id: 'prod-us-east-1',
    more: 1,
  });
});
