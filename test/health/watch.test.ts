/** What the watcher says of workloads on the real controllers, and what it costs. */
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { readHealth } from '../../automation/health/index.ts';
import { type HealthContext, healthWork } from '../../automation/health/work.ts';
import { type Json, KubernetesClient, loadKubeconfig } from '../../automation/providers/kubernetes/index.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';
import { apply, kubectl, removeNamespaces } from '../tenants/cluster.ts';

let control: ControlDatabase;
let cluster: KubernetesClient;
const namespaces: string[] = [];
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  control = await controlDatabase();
  cluster = new KubernetesClient(loadKubeconfig(inject('kubeconfig')), process.env, () => {});
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await control.database.query('delete from tenantry.turn');
});
afterAll(async () => {
  await removeNamespaces(namespaces);
  cluster?.close();
  await control?.drop();
});

function watch(workerId: string, change: Partial<HealthContext> = {}): () => Promise<unknown> {
  const work = healthWork({
    database: control.database,
    cluster,
    cell: { id: 'local' },
    policy: { leaseTtlMs: 1_500 },
    workerId,
    log: pino({ level: 'silent' }),
    ...change,
  });
  const stop = work.begin?.(new Registry()) ?? (async () => {});
  stops.push(stop);
  return stop;
}

const healthOf = async (tenant: Tenant) =>
  (await readHealth(control.database, [tenant])).get(tenant.id) ?? null;
const untilIs = (tenant: Tenant, state: string) =>
  until(async () => (await healthOf(tenant))?.state === state, {
    what: `the health of ${tenant.namespace} being ${state}`,
    timeoutMs: 60_000,
  });

interface Shape {
  readonly replicas?: number;
  readonly cpu?: string;
  /** One that nobody plays, so that no kubelet takes its pods. */
  readonly schedulerName?: string;
}

function deployment(tenant: Tenant, { replicas = 1, cpu = '100m', schedulerName }: Shape = {}): object {
  const labels = { 'app.kubernetes.io/name': tenant.product, 'tenantry.dev/tenant': tenant.id };
  const amounts = { cpu, memory: '64Mi' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: tenant.product, namespace: tenant.namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels },
        spec: {
          ...(schedulerName && { schedulerName }),
          containers: [
            {
              name: 'main',
              image: 'registry.example/app:1',
              resources: { requests: amounts, limits: amounts },
            },
          ],
        },
      },
    },
  };
}

async function stand(shape: Shape = {}, more: (tenant: Tenant) => object[] = () => []): Promise<Tenant> {
  const tenant = await addTenant(control.database, { set: { phase: 'active' } });
  await control.database.query(
    `update tenantry.tenant set observed_state = 'active', outputs = $2 where id = $1`,
    [tenant.id, JSON.stringify(activeColumns(tenant.namespace).outputs)],
  );
  namespaces.push(tenant.namespace);
  const space = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: tenant.namespace } };
  expect(await apply([space])).toMatchObject({ ok: true });
  expect(await apply([...more(tenant), deployment(tenant, shape)])).toMatchObject({ ok: true });
  return tenant;
}

async function podOf({ namespace }: Tenant): Promise<string> {
  return until(async () => {
    const { stdout } = await kubectl(['get', 'pods', '-n', namespace, '-o', 'name']);
    return stdout.trim().split('/')[1];
  });
}

/** Writes what a kubelet would. */
async function tellStatus(tenant: Tenant, container: Json): Promise<void> {
  const name = await podOf(tenant);
  const statuses = [
    { name: 'main', image: 'x', imageID: '', ready: false, restartCount: 0, ...(container as object) },
  ];
  await cluster.send({
    method: 'PATCH',
    path: `/api/v1/namespaces/${tenant.namespace}/pods/${name}/status`,
    contentType: 'application/json-patch+json',
    body: [{ op: 'add', path: '/status/containerStatuses', value: statuses }],
  });
}

describe('what runs is told', () => {
  test('from the first pod to the last', async () => {
    watch('first');
    const tenant = await stand();
    await untilIs(tenant, 'running');
    expect(await healthOf(tenant)).toMatchObject({
      wanted: 1,
      ready: 1,
      message: null,
      sizes: [{ cpuMillis: 100, memoryBytes: 64 * 2 ** 20, pods: 1 }],
    });
    await kubectl(['scale', 'deployment', tenant.product, '-n', tenant.namespace, '--replicas=0']);
    await untilIs(tenant, 'none_wanted');
    await kubectl(['scale', 'deployment', tenant.product, '-n', tenant.namespace, '--replicas=2']);
    await until(async () => (await healthOf(tenant))?.ready === 2);
    await apply([deployment(tenant, { cpu: '200m' })]);
    await until(async () => (await healthOf(tenant))?.sizes[0]?.cpuMillis === 200);
    await kubectl(['delete', 'deployment', tenant.product, '-n', tenant.namespace]);
    await until(async () => (await healthOf(tenant))?.message === 'Its workload is not in the cluster.');
  });

  test('when the quota has no room', async () => {
    watch('first');
    const quota = ({ namespace }: Tenant) => [
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'tenant', namespace },
        spec: { hard: { 'limits.cpu': '50m' } },
      },
    ];
    const tenant = await stand({}, quota);
    await untilIs(tenant, 'quota');
    expect(await healthOf(tenant)).toMatchObject({
      wanted: 1,
      ready: 0,
      message: expect.stringMatching(/limits\.cpu=100m.*limited: limits\.cpu=50m/),
    });
  });

  test('when no node has room', async () => {
    watch('first');
    const tenant = await stand({ cpu: '1M' });
    await untilIs(tenant, 'unschedulable');
  });

  test('when the image cannot be had, and when the container crashes', async () => {
    watch('first');
    const tenant = await stand({ schedulerName: 'nobody' });
    await untilIs(tenant, 'starting');
    await tellStatus(tenant, { state: { waiting: { reason: 'ImagePullBackOff', message: 'token=secret' } } });
    await untilIs(tenant, 'image');
    expect((await healthOf(tenant))?.message).toBe(
      'Its container cannot be made from the image registry.example/app:1 (ImagePullBackOff).',
    );
    const { rows: first } = await control.database.query(
      'select * from tenantry.tenant_health where tenant_id = $1',
      [tenant.id],
    );
    await tellStatus(tenant, {
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    });
    await untilIs(tenant, 'crash');
    const { rows } = await control.database.query(
      'select * from tenantry.tenant_health where tenant_id = $1',
      [tenant.id],
    );
    // Another reason is no new beginning of the time without a pod.
    expect(rows[0].not_running_since).toEqual(first[0].not_running_since);
    expect(rows[0].since.getTime()).toBeGreaterThan(first[0].since.getTime());
  });

  test('of what changed while nobody watched', async () => {
    const stop = watch('first');
    const [stays, goes] = await Promise.all([stand(), stand()]);
    await untilIs(stays, 'running');
    await untilIs(goes, 'running');
    await stop();
    await kubectl(['delete', 'deployment', goes.product, '-n', goes.namespace]);
    await kubectl(['scale', 'deployment', stays.product, '-n', stays.namespace, '--replicas=0']);
    watch('second');
    await untilIs(stays, 'none_wanted');
    await until(async () => (await healthOf(goes))?.message === 'Its workload is not in the cluster.');
  });
});

test('a watcher that stops without a word is followed by another worker', async () => {
  const tenant = await stand();
  const dead = { name: 'health:local', holder: 'dead' };
  await control.database.query(
    `insert into tenantry.turn (name, holder, expires_at) values ($1, $2, clock_timestamp() + interval '4 s')`,
    [dead.name, dead.holder],
  );
  await control.database.query(`update tenantry.cell_watch set seen_at = now() - interval '2 min'`);
  watch('next');
  expect(await healthOf(tenant)).toMatchObject({ state: 'unknown', lookedAt: expect.any(Date) });
  await untilIs(tenant, 'running');
  const { rows } = await control.database.query<{ holder: string }>('select holder from tenantry.turn');
  expect(rows).toEqual([{ holder: 'next' }]);
});

test('a watcher that lost its turn writes no more', async () => {
  watch('slow', { policy: { leaseTtlMs: 600_000 } });
  const tenant = await stand();
  await untilIs(tenant, 'running');
  await control.database.query(
    `update tenantry.turn set holder = 'another', expires_at = now() + interval '1 h'`,
  );
  await control.database.query('delete from tenantry.tenant_health');
  await control.database.query(`update tenantry.cell_watch set seen_at = now() - interval '2 min'`);
  await kubectl(['scale', 'deployment', tenant.product, '-n', tenant.namespace, '--replicas=2']);
  await until(async () => {
    const { stdout } = await kubectl(['get', 'deployment', '-n', tenant.namespace, '-o', 'json']);
    return JSON.parse(stdout).items[0].status.readyReplicas === 2;
  });
  // Longer than a change is gathered and than a beat.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const { rowCount } = await control.database.query('select from tenantry.tenant_health');
  expect(rowCount).toBe(0);
  expect(await healthOf(tenant)).toMatchObject({ state: 'unknown' });
});

test('while the cluster cannot be followed, nothing is said to be up to date', async () => {
  let away = false;
  const flaky: Pick<KubernetesClient, 'send' | 'readLines'> = {
    send: (request) => (away ? Promise.reject(new Error('away')) : cluster.send(request)),
    readLines: (request, onLine, options) => {
      const ends = new AbortController();
      cut = () => ends.abort(new Error('cut'));
      return cluster.readLines(
        { ...request, signal: AbortSignal.any([request.signal, ends.signal]) },
        onLine,
        options,
      );
    },
  };
  let cut = () => {};
  watch('first', { cluster: flaky });
  const tenant = await stand();
  await untilIs(tenant, 'running');
  away = true;
  cut();
  await kubectl(['scale', 'deployment', tenant.product, '-n', tenant.namespace, '--replicas=0']);
  await control.database.query(`update tenantry.cell_watch set seen_at = now() - interval '2 min'`);
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(await healthOf(tenant)).toMatchObject({ state: 'unknown' });
  away = false;
  await untilIs(tenant, 'none_wanted');
});

test('a thousand tenants cost as many calls as ten, and nothing is written for what stays', async () => {
  const add = async (count: number) => {
    const { rows } = await control.database.query<CountedTenant>(
      `insert into tenantry.tenant (id, cell, product, owner, slug, namespace, created_at, desired_state, desired_spec, phase)
       select 'c' || lpad(to_hex(n + $1), 7, '0'), 'local', 'workspace', 'ada', 'c' || n, 'cost-' || $1 || '-' || n, now(),
              'active', '{"plan":"byoc"}', 'active' from generate_series(1, $1::int) n
       returning id, namespace, product`,
      [count],
    );
    return rows;
  };
  const versions = async (tenants: readonly CountedTenant[]) => {
    const { rows } = await control.database.query(
      `select tenant_id, xmin::text from tenantry.tenant_health where tenant_id = any($1) and state = 'running' order by 1`,
      [tenants.map(({ id }) => id)],
    );
    return rows;
  };
  const seenAt = async () =>
    (await control.database.query('select seen_at from tenantry.cell_watch')).rows[0]?.seen_at.getTime() ?? 0;
  const callsFor = async (tenants: readonly CountedTenant[]) => {
    const calls: string[] = [];
    const begun = await seenAt();
    const stop = watch('counted', { cluster: playedCluster(tenants, calls) });
    await until(async () => (await versions(tenants)).length === tenants.length && (await seenAt()) > begun);
    await stop();
    return calls.sort();
  };
  const [few, many] = [await add(10), await add(1000)];
  const calls = await callsFor(few);
  expect(calls).toHaveLength(4);
  expect(await callsFor(many)).toEqual(calls);
  const before = await versions(many);
  expect(await callsFor(many)).toEqual(calls);
  expect(await versions(many)).toEqual(before);
});

interface CountedTenant {
  readonly id: string;
  readonly namespace: string;
  readonly product: string;
}

/** A cluster in which these tenants run and nothing changes. */
function playedCluster(tenants: readonly CountedTenant[], calls: string[]): HealthContext['cluster'] {
  const deployments = tenants.map(({ namespace, product }) => ({
    metadata: { namespace, name: product },
    spec: { replicas: 1 },
    status: {},
  }));
  const pods = tenants.map(({ namespace, product }) => ({
    metadata: {
      namespace,
      name: `${product}-1-x`,
      ownerReferences: [{ kind: 'ReplicaSet', name: `${product}-1`, controller: true }],
    },
    spec: { containers: [{ name: 'main', image: 'x' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }));
  return {
    send: async ({ path }) => {
      calls.push(`list ${path}`);
      return { metadata: { resourceVersion: '1' }, items: path.endsWith('pods') ? pods : deployments };
    },
    readLines: async ({ path, signal }) => {
      calls.push(`watch ${path}`);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  };
}
