import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { crdModules, ensureCrds } from '../../automation/toolchain/crds.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { extendCatalog } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { platformManifests } from '../../tenants/platform.ts';
import { tenantProgram } from '../../tenants/program.ts';
import type { TenantOutputs, TenantSpec } from '../../tenants/spec.ts';
import { type Cell, defaultCell } from '../../tenants/tenant.ts';
import { type Engine, startEngine } from '../providers/engine.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { readingProduct } from '../support/products.ts';
import { until } from '../support/wait.ts';
import { apply, kubectl, live, removeNamespaces } from './cluster.ts';
import { freshTenantId, specOf } from './specs.ts';

/** The program in a real engine, on a real API server and PostgreSQL. */

let shared: FreshDatabase;
let engine: Engine;
const namespaces: string[] = [];
/** A handful of engine operations on a busy machine. */
const longMs = 240_000;

beforeAll(async () => {
  shared = await freshDatabase();
  engine = await startEngine({
    program: 'tenantry-engine',
    kubernetes: { kubeconfig: inject('kubeconfig') },
    random: true,
    tenantry: { adminDatabaseUrl: shared.url },
  });
  expect(await apply(platformManifests())).toMatchObject({ ok: true });
});

afterAll(async () => {
  await removeNamespaces(namespaces);
  await engine?.close();
  await shared?.drop();
});

/** A tenant of its own with its stack; `up` runs the program with changes to its spec. */
async function newTenant(
  product: ProductId,
  plan: string,
  first: Partial<TenantSpec> = {},
  cell: Cell = defaultCell,
) {
  const tenantId = freshTenantId();
  const spec = specOf(product, plan, { tenantId, slug: `s-${tenantId}`, ...first });
  namespaces.push(spec.namespace);
  const stack = await engine.newStack(tenantId);
  // Outputs come from the program: the engine is run once an operation and asked for nothing else.
  stack.stack.workspace.selectStack = async () => {};
  stack.stack.outputs = async () => ({});
  stack.stack.info = async () => undefined;
  const program = (changes: Partial<TenantSpec>, keep?: (outputs: TenantOutputs) => void) => async () => {
    const outputs = await tenantProgram({ ...spec, ...changes }, cell);
    keep?.(outputs);
    return { ...outputs };
  };
  return {
    spec,
    stack,
    async up(changes: Partial<TenantSpec> = {}) {
      let outputs: TenantOutputs | undefined;
      const steps = await stack.up(
        program(changes, (made) => {
          outputs = made;
        }),
      );
      if (!outputs) throw new Error('the program made no outputs');
      return { outputs, steps: steps.map(({ op, urn }) => `${op} ${urn.split('::').at(-1)}`).sort() };
    },
  };
}

describe('one plan of each product', () => {
  // Together, as each waits for the end of its namespace.
  test.concurrent.each([
    ['workspace', 'byoc', 12],
    ['browsers', 'professional', 13],
    ['inbox', 'starter', 12],
    ['agents', 'enterprise', 13],
    ['stream', 'business', 14],
  ] as const)('%s %s: built, unchanged, suspended, resumed, destroyed', async (product, plan, count) => {
    const { spec, stack, up } = await newTenant(product, plan);

    const { outputs } = await up();
    expect(outputs.namespace).toBe(spec.namespace);
    expect(outputs.objects).toHaveLength(count);
    const listed = outputs.objects.map(({ apiVersion, kind, name, namespace }) => ({
      apiVersion,
      kind,
      metadata: { name, ...(namespace !== null && { namespace }), labels: {} },
    }));
    expect(await live(listed)).toMatchObject(
      listed.map(({ kind, metadata: { name } }) => ({
        kind,
        metadata: { name, labels: { 'tenantry.dev/tenant': spec.tenantId } },
      })),
    );

    expect((await up()).steps).toEqual([]);

    const autoscaled = product === 'browsers' || product === 'stream';
    const suspended = await up({ state: 'suspended' });
    expect(suspended.steps).toEqual([
      ...(autoscaled ? [`delete HorizontalPodAutoscaler/${product}`] : []),
      `update Deployment/${product}`,
      'update ResourceQuota/plan',
      ...(product === 'stream' ? ['update Role/tenant-admin'] : []),
    ]);
    expect(await replicas(spec.namespace, product)).toBe('0');

    const resumed = await up();
    expect(resumed.steps).toEqual([
      ...(autoscaled ? [`create HorizontalPodAutoscaler/${product}`] : []),
      `update Deployment/${product}`,
      'update ResourceQuota/plan',
      ...(product === 'stream' ? ['update Role/tenant-admin'] : []),
    ]);
    expect(Number(await replicas(spec.namespace, product))).toBeGreaterThanOrEqual(1);

    await stack.destroy();
    // The engine leaves the end of the namespace to the cluster.
    await until(async () => /not found/.test((await kubectl(['get', 'namespace', spec.namespace])).stderr), {
      what: 'the end of the namespace',
    });
    expect(await placesOf(spec.tenantId)).toEqual([]);
    expect(await stack.resources()).toEqual([]);
  });
});

test(
  'where the cell has recommendations, a tenant of stream asks for them',
  async () => {
    const modules = crdModules.filter(({ name }) => name === 'vertical-pod-autoscaler');
    const files = await ensureCrds({ env: readToolchainEnv(), modules });
    const definitions = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const wanted = definitions
      .flatMap((text) => parseAllDocuments(text).map((document) => document.toJSON()))
      .filter(({ spec }) => spec.names.kind === 'VerticalPodAutoscaler');
    expect(await apply(wanted)).toMatchObject({ ok: true });
    const crd = 'crd/verticalpodautoscalers.autoscaling.k8s.io';
    expect(await kubectl(['wait', '--for=condition=Established', crd])).toMatchObject({ ok: true });

    const cell = { ...defaultCell, verticalPodAutoscaler: true };
    const { spec, up, stack } = await newTenant('stream', 'free', {}, cell);
    const { outputs } = await up();
    expect(outputs.objects).toContainEqual({
      apiVersion: 'autoscaling.k8s.io/v1',
      kind: 'VerticalPodAutoscaler',
      name: 'stream',
      namespace: spec.namespace,
    });
    const mode = await kubectl([
      'get',
      'vpa',
      'stream',
      '-n',
      spec.namespace,
      '-o',
      'jsonpath={.spec.updatePolicy.updateMode}',
    ]);
    expect(mode.stdout).toBe('Off');
    expect((await up()).steps).toEqual([]);
    await stack.destroy();
  },
  longMs,
);

test(
  'a change of plan keeps the volume that is larger and tells the rest',
  async () => {
    const { spec, up } = await newTenant('workspace', 'we-manage');
    await up();
    const { steps } = await up({ plan: 'byoc' });
    expect(steps.filter((step) => !step.startsWith('update '))).toEqual([]);
    expect(steps).toContain('update Deployment/workspace');
    const claim = await kubectl([
      'get',
      'pvc',
      'home',
      '-n',
      spec.namespace,
      '-o',
      'jsonpath={.spec.resources.requests.storage}',
    ]);
    expect(claim.stdout).toBe('100Gi');
  },
  longMs,
);

test(
  'a tenant reaches its rows by the Secret, with a password that the state does not show',
  async () => {
    const { spec, stack, up } = await newTenant('stream', 'business');
    const { outputs } = await up();
    expect(outputs.database).toEqual({
      name: null,
      schema: `tenant_${spec.tenantId}`,
      role: `tenant_${spec.tenantId}`,
      secretName: 'database',
    });
    const secret = await readSecret(spec.namespace);
    expect(await queryAs(secret.url, 'select current_user as role, current_schema() as schema')).toEqual([
      { role: outputs.database?.role, schema: outputs.database?.schema },
    ]);
    expect(secret.password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(await stack.rawState()).not.toContain(secret.password);
    expect(JSON.stringify(outputs)).not.toContain(secret.password);
  },
  longMs,
);

test(
  'a slot becomes an Enterprise tenant with a database of its own, and its schema goes',
  async () => {
    const { spec, stack, up } = await newTenant('agents', 'pro', { owner: null, billingAccount: null });
    await up();
    expect(await placesOf(spec.tenantId)).toEqual([
      `role tenant_${spec.tenantId}`,
      `schema tenant_${spec.tenantId}`,
    ]);
    const { outputs } = await up({
      plan: 'enterprise',
      owner: 'auth0|1',
      billingAccount: 'cus_1',
      dataIsolation: 'database',
    });
    expect(outputs.database?.name).toBe(`tenant_${spec.tenantId}`);
    expect(await placesOf(spec.tenantId)).toEqual([
      `database tenant_${spec.tenantId}`,
      `role tenant_${spec.tenantId}_app`,
    ]);
    const { url } = await readSecret(spec.namespace);
    expect(await queryAs(url, 'select current_database() as name, current_schema() as schema')).toEqual([
      { name: `tenant_${spec.tenantId}`, schema: 'app' },
    ]);
    await stack.destroy();
    expect(await placesOf(spec.tenantId)).toEqual([]);
  },
  longMs,
);

test(
  'a tenant whose rows live in a schema keeps them there when its plan would give it a database',
  async () => {
    const { up } = await newTenant('agents', 'pro', { dataIsolation: 'schema' });
    await up();
    const { steps } = await up({ plan: 'enterprise' });
    expect(steps.filter((step) => !step.startsWith('update '))).toEqual([
      'create NetworkPolicy/allow-sandboxes',
    ]);
  },
  longMs,
);

test('a spec that contradicts the catalog is refused before anything is declared', async () => {
  const { up, stack } = await newTenant('stream', 'business');
  await expect(up({ plan: 'platinum' })).rejects.toThrow(/the catalog has no plan platinum of stream/);
  expect(await stack.resources()).toEqual([]);
});

async function replicas(namespace: string, name: string): Promise<string> {
  return (await kubectl(['get', 'deployment', name, '-n', namespace, '-o', 'jsonpath={.spec.replicas}']))
    .stdout;
}

async function readSecret(namespace: string): Promise<{ url: string; user: string; password: string }> {
  const { stdout } = await kubectl(['get', 'secret', 'database', '-n', namespace, '-o', 'jsonpath={.data}']);
  const data = JSON.parse(stdout) as Record<string, string>;
  const [url = '', user = '', password = ''] = ['url', 'user', 'password'].map((key) =>
    Buffer.from(data[key] ?? '', 'base64').toString(),
  );
  return { url, user, password };
}

async function queryAs(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** What PostgreSQL holds of a tenant, sorted. */
async function placesOf(tenantId: string): Promise<string[]> {
  const rows = (await queryAs(
    shared.url,
    `select 'role ' || rolname as place from pg_roles where rolname like 'tenant\\_${tenantId}%'
     union all select 'schema ' || nspname from pg_namespace where nspname like 'tenant\\_${tenantId}%'
     union all select 'database ' || datname from pg_database where datname like 'tenant\\_${tenantId}%'
     order by place`,
  )) as { place: string }[];
  return rows.map(({ place }) => place);
}

describe('a tenant whose container reads it', () => {
  test(
    'has a key of which the control plane keeps the digest, the same until it is revoked',
    async () => {
      extendCatalog([readingProduct('reading')]);
      const { spec, stack, up } = await newTenant('reading', 'free');
      const { outputs } = await up();
      const read = async (object: string) => {
        const { stdout } = await kubectl(['get', object, '-n', spec.namespace, '-o', 'json']);
        return JSON.parse(stdout) as { data: Record<string, string> };
      };
      const readKey = async () => {
        const key = Buffer.from((await read('secret/tenantry-api')).data.key ?? '', 'base64').toString();
        const [, id = '', random = ''] = /^tk_([a-z0-9]{12})_([A-Za-z0-9]{43})$/.exec(key) ?? [];
        return { id, random, digest: createHash('sha256').update(random).digest('hex') };
      };
      const { id, random, digest } = await readKey();
      expect(outputs.apiKey).toEqual({ id, sha256: digest });
      expect(JSON.stringify(outputs)).not.toContain(random);
      expect((await up({ plan: 'pro' })).outputs.apiKey).toEqual(outputs.apiKey);
      const file = await read('configmap/tenant');
      expect(JSON.parse(file.data['tenant.json'] ?? '')).toMatchObject({ plan: 'pro' });

      const renewed = await up({ plan: 'pro', apiKeyRenewals: 1 });
      const other = await readKey();
      expect(other.id).toBe(id);
      expect(other.random).not.toBe(random);
      expect(renewed.outputs.apiKey).toEqual({ id, sha256: other.digest });
      expect((await up({ plan: 'pro', apiKeyRenewals: 1 })).outputs.apiKey).toEqual(renewed.outputs.apiKey);
      await stack.destroy();
    },
    longMs,
  );
});
