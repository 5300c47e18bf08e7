import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readOperationsEnv } from '../../automation/dr/env.ts';
import { command } from '../cli/command.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(inject('runDir'), 'dr-command-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

test.each<[string, string[], number, string | null, RegExp]>([
  ['a promotion of no stack', ['promote'], 2, 'usage', /--stack/],
  [
    'a stack that there is not',
    ['promote', '--stack', 'nowhere'],
    2,
    'usage',
    /no stack nowhere; there are: dev,.* prod/,
  ],
  [
    'a region that nothing is copied to',
    ['restore', '--stack', 'prod-us-west-2', '--from', 'prod-eu-west-1'],
    2,
    'no_copies',
    /backups of prod-eu-west-1 are copied to no other region, not to us-west-2/,
  ],
  [
    'volumes of a lost cell without the bucket of their copies',
    ['restore', '--stack', 'prod-us-west-2', '--from', 'prod', '--only', 'volumes'],
    2,
    'usage',
    /--copies .*tenantry-prod-us-east-1-backups-replica-<account>/,
  ],
  [
    'a dedicated server that there is not',
    ['restore', '--stack', 'prod', '--server', 'acme'],
    2,
    'no_server',
    /prod has no server acme beside the main one; there are: tenants/,
  ],
  [
    'volumes of a server',
    ['restore', '--stack', 'prod', '--server', 'acme', '--only', 'volumes'],
    2,
    'usage',
    /volumes are those of the cluster/,
  ],
  [
    'a time without a zone',
    ['restore', '--stack', 'prod', '--at', '2026-11-21T09:30:00'],
    2,
    'usage',
    /with its zone/,
  ],
  [
    'a name that RDS would not take',
    ['promote', '--stack', 'prod', '--recovery', 'a--b'],
    2,
    'usage',
    /single hyphens/,
  ],
  [
    'traffic that has nowhere to go',
    ['repoint', '--away', 'dev'],
    2,
    'no_failover',
    /dev-us-east-1 has no other region/,
  ],
  ['both ways at once', ['repoint', '--away', 'prod', '--back', 'prod'], 2, 'usage', /cannot be used with/],
  ['tenants without a database', ['repoint'], 2, 'no_database', /DATABASE_URL/],
  ['a verification without a database', ['verify'], 2, 'no_database', /DATABASE_URL/],
  ['the state of nothing', ['status'], 3, 'not_running', /not running/],
])('%s is answered in a sentence', async (_what, args, exitCode, code, message) => {
  const outcome = await command(home, ['dr', ...args, '--json']);
  expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(exitCode);
  expect(outcome.json()).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
});

test('a cell is named by the variables of its workers', async () => {
  const { place } = await readOperationsEnv(home, {
    DATABASE_URL: 'postgres://tenantry@home:5432/tenantry?sslmode=verify-full&password_file=/x',
    TENANT_DATABASE_URL: 'postgres://tenantry@here:5432/tenantry_tenants',
    KUBECONFIG: '/etc/kubeconfig',
    PULUMI_BACKEND_URL: 's3://state?region=eu-west-1',
    TENANTRY_CELL: 'prod-eu-west-1',
  });
  expect(place).toMatchObject({
    tenantDatabaseUrl: 'postgres://tenantry@here:5432/tenantry_tenants',
    kubeconfig: '/etc/kubeconfig',
    backendUrl: 's3://state?region=eu-west-1',
    cell: 'prod-eu-west-1',
  });
});
