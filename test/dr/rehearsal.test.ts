/**
 * The rehearsal: a cell loses its database server and everything in its cluster, and the commands of
 * docs/disaster-recovery.md restore it. Servers are local ones; everything else is what runs in production.
 */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { TenantView } from '../../api/contract/tenant.ts';
import { stackConfiguration } from '../../automation/cost/configuration.ts';
import { restoreSteps, type ServerRecovery } from '../../automation/dr/server-steps.ts';
import { runSteps } from '../../automation/dr/steps.ts';
import { recoveryTarget } from '../../automation/dr/target.ts';
import type { Finding, Verification } from '../../automation/dr/verify.ts';
import { writeEndpoints } from '../../automation/local/home.ts';
import { command } from '../cli/command.ts';
import { isSettled, subscribe } from '../support/customer.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';
import { type LocalServers, localServers } from './local-servers.ts';

let servers: LocalServers;
let tenantry: Tenantry;
let recovery: ServerRecovery;
const from = { source: '', at: null };
const said: string[] = [];
const run = (options: { dryRun: boolean }) =>
  runSteps(restoreSteps(recovery, from), { ...options, say: (line) => said.push(line), pollMs: 50 });

beforeAll(async () => {
  const target = recoveryTarget(await stackConfiguration(join(import.meta.dirname, '../..'), 'prod'));
  servers = localServers(await mkdtemp(join(inject('runDir'), 'dr-')));
  recovery = { servers, target, recovery: 'rehearsal' };
  from.source = target.server;
  const postgresUrl = await servers.create(target.server);
  // One server, so that one recovery brings both back.
  tenantry = await startTenantry({
    postgresUrl,
    tenantPostgresUrl: postgresUrl,
    variables: { TENANTRY_TENANTS_SHARE_DATABASE_SERVER: 'on' },
  });
  await writeEndpoints(tenantry.home, {
    api: tenantry.api,
    stripe: tenantry.stripe.url,
    kubeconfig: inject('kubeconfig'),
    postgres: tenantry.databaseUrl,
    tenantPostgres: tenantry.tenantDatabaseUrl,
    issuer: tenantry.issuer,
    operatorToken: null,
    engine: {
      backendUrl: pathToFileURL(join(tenantry.home, 'state')).href,
      secretsProvider: 'hashivault://tenantry',
      variables: {},
    },
  });
});
afterAll(async () => {
  await tenantry?.stop();
  await servers?.stop();
});

const namespacePath = (name: string) => `/api/v1/namespaces/${name}`;
const live = (path: string) =>
  tenantry.cluster.send({ method: 'GET', path }).then(
    (found) => found as unknown as { metadata: { uid: string } },
    () => null,
  );

async function wipe(namespaces: readonly string[]): Promise<void> {
  for (const name of namespaces) await tenantry.cluster.send({ method: 'DELETE', path: namespacePath(name) });
  await until(async () =>
    (await Promise.all(namespaces.map((name) => live(namespacePath(name))))).every((found) => !found),
  );
}

/** What `dr verify` finds of tenants in this test: other tests share the cluster. */
async function verify(): Promise<{ exitCode: number; tenants: number; whole: number; findings: Finding[] }> {
  const outcome = await command(tenantry.home, ['dr', 'verify', '--json']);
  const { tenants, whole, findings } = outcome.json() as Verification;
  return {
    exitCode: outcome.exitCode,
    tenants,
    whole,
    findings: findings.filter(({ kind }) => kind !== 'orphan'),
  };
}

const tenantsOf = async () =>
  ((await tenantry.request('GET', '/v1/tenants')).body as { tenants: TenantView[] }).tenants;

test('a cell that lost its database and its cluster is brought back, and every tenant with it', async () => {
  const workspace = await subscribe(tenantry, 'ada@example.com', { product: 'workspace', plan: 'byoc' });
  const desktop = await subscribe(tenantry, 'bob@example.com', {
    product: 'stream',
    plan: 'professional',
    slug: 'rehearsal',
  });
  expect(await verify()).toMatchObject({ exitCode: expect.any(Number), tenants: 2, whole: 2, findings: [] });
  await servers.backup(recovery.target.server);
  // Bought after the last backup: once the database is gone, only Stripe knows about this one.
  const late = await subscribe(tenantry, 'eve@example.com', { product: 'agents', plan: 'pro' });
  const before = [workspace.tenant, desktop.tenant];
  const uids = await Promise.all(before.map(({ namespace }) => live(namespacePath(namespace))));

  // The disaster.
  await Promise.all([
    tenantry.programs.api.kill(),
    ...tenantry.programs.workers.map((worker) => worker.kill()),
  ]);
  await servers.lose(recovery.target.server);
  await wipe([...before, late.tenant].map(({ namespace }) => namespace));

  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
  const planned = await run({ dryRun: true });
  expect(planned.find(({ id }) => id === 'restore')).toMatchObject({ state: 'planned' });
  expect(await servers.find(recovery.target.server)).toBeNull();

  await run({ dryRun: false });
  expect(await servers.find(recovery.target.server)).toMatchObject(recovery.target.settings);
  expect(servers.proxies.get(recovery.target.proxy ?? '')).toBe(recovery.target.server);
  const databaseSeconds = seconds();

  expect(await verify()).toMatchObject({ exitCode: 1, tenants: 2, whole: 0 });
  await tenantry.startWorker();
  await tenantry.restartApi();
  const repointed = await command(tenantry.home, ['dr', 'repoint', '--recovery', 'rehearsal', '--json']);
  expect(repointed.exitCode, repointed.stdout + repointed.stderr).toBe(0);
  const rto = seconds();

  const back = await until(async () => {
    const tenants = await tenantsOf();
    return tenants.length === 3 && tenants.every(isSettled('active')) && tenants;
  });
  for (const [index, { id, namespace }] of before.entries()) {
    expect(back.map((tenant) => tenant.id)).toContain(id);
    expect((await live(namespacePath(namespace)))?.metadata.uid).not.toBe(uids[index]?.metadata.uid);
  }
  expect(back.map(({ subscription }) => subscription?.id)).toContain(late.tenant.subscription?.id);
  expect(await verify()).toMatchObject({ tenants: 3, whole: 3, findings: [] });
  console.info(
    `Rehearsed: database restored after ${databaseSeconds} s, its 2 tenants after ${rto} s, the one paid for after the backup after ${seconds()} s`,
  );
});

test('a recovery that is started again finds everything done', async () => {
  const again = await run({ dryRun: false });
  expect(again.map(({ state }) => state)).toEqual(again.map(() => 'done'));
  const outcome = await command(tenantry.home, [
    'dr',
    'repoint',
    '--recovery',
    'rehearsal',
    '--dry-run',
    '--json',
  ]);
  const { steps } = outcome.json() as { steps: { state: string }[] };
  expect(steps.map(({ state }) => state)).toEqual(steps.map(() => 'done'));
});

test('what somebody takes away afterwards is found, by name', async () => {
  const [tenant] = (await tenantsOf()).filter(({ product }) => product === 'stream');
  await Promise.all(tenantry.programs.workers.map((worker) => worker.kill()));
  await tenantry.cluster.send({
    method: 'DELETE',
    path: `${namespacePath(tenant?.namespace ?? '').replace('/api/v1', '/apis/networking.k8s.io/v1')}/networkpolicies/default-deny`,
  });
  const { exitCode, findings } = await verify();
  expect(exitCode).toBe(1);
  expect(findings).toEqual([
    {
      tenantId: tenant?.id,
      kind: 'object',
      detail: expect.stringMatching(/NetworkPolicy\/default-deny is not in the cluster/),
    },
  ]);
});
