import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { TenantView } from '../../api/contract/tenant.ts';
import type { Json } from '../../automation/providers/kubernetes/client.ts';
import { planLookupKey } from '../../tenants/catalog/index.ts';
import { changePlan, isSettled, pay, subscribe, untilTenant, untilTenantIs } from '../support/customer.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

/* However deliveries fare on their way, tenants end up as Stripe says. */

let tenantry: Tenantry;
let engineCalls: string;
beforeAll(async () => {
  engineCalls = join(inject('runDir'), `engine-calls-${process.pid}`);
  const engine = `${engineCalls}.sh`;
  await writeFile(
    engine,
    `#!/bin/sh\necho "$@" >>'${engineCalls}'\nexec '${inject('tools')['tenantry-engine']}' "$@"\n`,
    { mode: 0o755 },
  );
  tenantry = await startTenantry({
    variables: { TENANTRY_RETENTION_MS: '3600000', TENANTRY_TOOL_TENANTRY_ENGINE: engine },
  });
});
afterAll(() => tenantry?.stop());

interface Named {
  readonly metadata: { readonly name: string };
  readonly spec: Json;
}

const noFaults = { duplicate: 0, reorder: 0, drop: 0, delayMs: 0 };

test('a payment takes one engine process, as the stack is there before it', async () => {
  const reserved = async () => {
    const { rows } = await tenantry.database.query<{ id: string }>(
      'select tenant_id as id from tenantry.reserved_stack',
    );
    return rows.map(({ id }) => id);
  };
  const callsSoFar = async () => (await readFile(engineCalls, 'utf8')).split('\n').slice(0, -1);
  const ready = await until(async () => {
    const ids = await reserved();
    return ids.length === 2 && ids;
  });
  const before = (await callsSoFar()).length;
  const { tenant } = await subscribe(tenantry, 'one@example.com', { product: 'agents', plan: 'free' });
  const calls = (await callsSoFar()).slice(before);
  expect(ready).toContain(tenant.id);
  // Its place among those stacks is refilled meanwhile, for the next payer.
  const others = calls.flatMap((call) => /^stack init ([a-z0-9]{8}) /.exec(call)?.[1] ?? []);
  await until(async () => {
    const ids = await reserved();
    return others.every((id) => ids.includes(id));
  });
  expect(calls.filter((call) => !others.some((id) => call.includes(id)))).toEqual([
    expect.stringMatching(new RegExp(`^up .*${tenant.id}`)),
  ]);
});

test('with every webhook lost, the sweep alone brings a tenant up, changes its plan and suspends it', async () => {
  tenantry.stripe.setFaults({ ...noFaults, drop: 1 });
  const { checkoutId } = await pay(tenantry, 'lost@example.com', { product: 'agents', plan: 'free' });
  const tenant = await untilTenant(tenantry, `checkout=${checkoutId}`, isSettled('active'));
  await changePlan(tenantry, tenant, 'pro');
  await untilTenantIs(tenantry, tenant.id, ({ observed }) => observed.plan === 'pro');
  await tenantry.stripeClient.subscriptions.cancel(tenant.subscription?.id ?? '');
  await untilTenantIs(tenantry, tenant.id, isSettled('suspended'));
  const { rows } = await tenantry.database.query(
    'select 1 from tenantry.stripe_event where subscription_id = $1',
    [tenant.subscription?.id],
  );
  expect(rows).toEqual([]);
  tenantry.stripe.setFaults(noFaults);
});

test('events that are doubled, shuffled, late or lost, many in the same second, end in what Stripe says', async () => {
  tenantry.stripe.setFaults({ duplicate: 0.4, reorder: 0.6, drop: 0.2, delayMs: 300, seed: 7 });
  const emails = ['one@example.com', 'two@example.com', 'three@example.com'];
  const tenants = await Promise.all(
    emails.map(
      async (email) => (await subscribe(tenantry, email, { product: 'workspace', plan: 'byoc' })).tenant,
    ),
  );
  // Six changes of each, as fast as Stripe takes them; only the last one counts.
  for (const [index, tenant] of tenants.entries()) {
    for (const plan of ['we-manage', 'byoc', 'we-manage', 'byoc', 'we-manage'])
      await changePlan(tenantry, tenant, plan);
    if (index === 1) await changePlan(tenantry, tenant, 'byoc');
    if (index === 2) await tenantry.stripeClient.subscriptions.cancel(tenant.subscription?.id ?? '');
  }
  const [first, second, third] = tenants.map(({ id }) => id);
  await untilTenantIs(
    tenantry,
    first ?? '',
    (seen) => seen.observed.plan === 'we-manage' && isSettled('active')(seen),
  );
  await untilTenantIs(
    tenantry,
    second ?? '',
    (seen) => seen.observed.plan === 'byoc' && isSettled('active')(seen),
  );
  await untilTenantIs(tenantry, third ?? '', isSettled('suspended'));

  // Whatever is still on its way no longer changes anything.
  tenantry.stripe.setFaults(noFaults);
  await tenantry.stripe.flushDeliveries();
  for (const id of [first, second, third]) {
    const seen = (await tenantry.request('GET', `/v1/tenants/${id}`)).body as TenantView;
    const subscription = await tenantry.stripeClient.subscriptions.retrieve(seen.subscription?.id ?? '');
    expect(subscription.items.data[0]?.price.lookup_key).toBe(planLookupKey('workspace', seen.desired.plan));
    expect(seen.subscription?.status).toBe(subscription.status);
  }
});

test('an API that is killed while it stores events has acknowledged none that is lost', async () => {
  const blocker = new pg.Client({ connectionString: tenantry.databaseUrl });
  await blocker.connect();
  await blocker.query('begin');
  await blocker.query('lock table tenantry.stripe_event in share mode');
  const { checkoutId } = await pay(tenantry, 'inflight@example.com', { product: 'agents', plan: 'free' });
  await until(
    async () => {
      const { rowCount } = await blocker.query(
        `select 1 from pg_stat_activity
         where application_name = 'tenantry-api' and datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rowCount;
    },
    { what: 'the API waiting to store an event' },
  );
  await tenantry.programs.api.kill();
  await blocker.query('rollback');
  await blocker.end();
  await tenantry.restartApi();
  const tenant = await untilTenant(tenantry, `checkout=${checkoutId}`, isSettled('active'));
  const types = await until(
    async () => {
      const { rows } = await tenantry.database.query<{ type: string }>(
        'select type from tenantry.stripe_event where subscription_id = $1',
        [tenant.subscription?.id],
      );
      return rows.some(({ type }) => type === 'checkout.session.completed') ? rows : null;
    },
    { what: 'the event being delivered again' },
  );
  expect(types.length).toBe(new Set(types.map(({ type }) => type)).size);
});

test('drift is found and mended: an object that was deleted or changed comes back as it was', async () => {
  const { checkoutId } = await pay(tenantry, 'drift@example.com', { product: 'workspace', plan: 'byoc' });
  const { namespace } = await untilTenant(tenantry, `checkout=${checkoutId}`, () => true);
  const quota = `/api/v1/namespaces/${namespace}/resourcequotas/plan`;
  const hard = async () =>
    ((await tenantry.cluster.send({ method: 'GET', path: quota })) as never as { spec: { hard: object } })
      .spec.hard;
  // It is changed as soon as it is there, while the engine is still at work.
  const granted = await until(() => hard().catch(() => null), { intervalMs: 5 });
  await tenantry.cluster.send({
    method: 'PATCH',
    path: quota,
    query: { fieldManager: 'somebody', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'plan' },
      spec: { hard: { pods: '9999' } },
    },
  });
  await until(async () => isDeepStrictEqual(await hard(), granted), { what: 'the quota being as granted' });
  const tenant = await untilTenant(tenantry, `checkout=${checkoutId}`, isSettled('active'));
  const of = (group: string, plural: string) => `/apis/${group}/v1/namespaces/${namespace}/${plural}`;
  const [policies, deployments] = [of('networking.k8s.io', 'networkpolicies'), of('apps', 'deployments')];
  const specs = async () => {
    const lists = [policies, deployments].map((path) => tenantry.cluster.send({ method: 'GET', path }));
    const items = (await Promise.all(lists)).flatMap((list) => list.items as never as Named[]);
    return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec]));
  };
  const declared = await specs();
  const add = (path: string, field: string, value: Json) =>
    tenantry.cluster.send({
      method: 'PATCH',
      path,
      contentType: 'application/json-patch+json',
      body: [{ op: 'add', path: field, value }],
    });
  const miner = { name: 'miner', image: 'registry.example/miner:1' };
  await add(`${policies}/default-deny`, '/spec/egress', [{}]);
  await add(`${deployments}/workspace`, '/spec/template/spec/containers/-', miner);
  const path = `${policies}/allow-dns`;
  await tenantry.cluster.send({ method: 'DELETE', path, contentType: 'application/json' });
  await until(async () => isDeepStrictEqual(await specs(), declared), { what: 'all being as declared' });
  const { entries } = (await tenantry.request('GET', `/v1/tenants/${tenant.id}/timeline`)).body as {
    entries: { kind: string }[];
  };
  expect(entries.some(({ kind }) => kind === 'tenant.drifted')).toBe(true);
  // A look is noted when it finds nothing.
  const noted = async () => {
    const { rows } = await tenantry.database.query<{ at: Date | null }>(
      'select drift_checked_at as at from tenantry.tenant where id = $1',
      [tenant.id],
    );
    return Number(rows[0]?.at);
  };
  const last = await noted();
  await until(async () => (await noted()) > last, { what: 'a look that finds nothing' });
});
