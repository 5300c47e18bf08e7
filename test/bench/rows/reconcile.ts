/** How long it takes to compare ten thousand tenants with Stripe, stacks, cluster and databases. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import pino from 'pino';
import type Stripe from 'stripe';
import { readSubscription } from '../../../automation/desired/subscription-facts.ts';
import { applyToLedger } from '../../../automation/ledger/book.ts';
import { startPostgres } from '../../../automation/local/postgres.ts';
import { startStripeSimulator } from '../../../automation/local/stripe/index.ts';
import { defaultPolicy } from '../../../automation/policy.ts';
import { KubernetesClient } from '../../../automation/providers/kubernetes/client.ts';
import { cellArea, moneyArea, type ReconcileContext } from '../../../automation/reconcile/context.ts';
import { type LookResult, lookAt } from '../../../automation/reconcile/look.ts';
import { defaultReconcilePolicy } from '../../../automation/reconcile/policy.ts';
import { ensureCell } from '../../../automation/store/cells.ts';
import { type Database, openDatabase } from '../../../automation/store/database.ts';
import { migrate } from '../../../automation/store/migrate.ts';
import { catalog, planLookupKey } from '../../../tenants/catalog/index.ts';
import { stripeClientOf } from '../../support/stripe.ts';
import { addTenant } from '../../support/tenant-rows.ts';
import { megabytes } from '../memory.ts';
import type { Bench, Row } from '../row.ts';
import { duration, Samples } from '../samples.ts';

const targetMs = 60_000;
const targetCalls = 1_000;
const cell = { id: 'local', region: 'local' };

/** The objects in the namespace of a tenant of Browsers. */
const objects = [
  ['v1', 'ResourceQuota', 'resourcequotas', 'tenant'],
  ['v1', 'LimitRange', 'limitranges', 'tenant'],
  ['v1', 'ServiceAccount', 'serviceaccounts', 'browsers'],
  ['v1', 'Service', 'services', 'browsers'],
  ['v1', 'Secret', 'secrets', 'database'],
  ['networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', 'default-deny'],
  ['networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', 'allow'],
  ['rbac.authorization.k8s.io/v1', 'Role', 'roles', 'admin'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', 'admin'],
  ['apps/v1', 'Deployment', 'deployments', 'browsers'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'browsers'],
  ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'browsers'],
] as const;

export const reconcile: Row = {
  name: 'reconcile',
  async run(bench) {
    const tenants = bench.quick ? 500 : 10_000;
    const context = await agreeingWorld(bench, tenants);
    const samples = new Samples();
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 50);
    const looked: Record<string, LookResult> = {};
    for (let round = 0; round < (bench.quick ? 1 : 3); round += 1) {
      const begun = performance.now();
      for (const area of [moneyArea, cellArea(cell.id)]) {
        const areaBegun = performance.now();
        looked[area] = await lookAt(context, area, { heals: true });
        samples.add(area === moneyArea ? 'money_ms' : 'cell_ms', performance.now() - areaBegun);
      }
      samples.add('sweep_ms', performance.now() - begun);
    }
    clearInterval(watch);
    const summaries = samples.summaries();
    const sweep = summaries.sweep_ms;
    if (!sweep) throw new Error('nothing was measured');
    const sources = Object.values(looked).flatMap((result) => Object.entries(result.looked));
    const calls = sources.reduce((sum, [, asked]) => sum + asked.calls, 0);
    const observed = Object.values(looked).reduce((sum, result) => sum + result.observed, 0);
    return [
      {
        figure: `money, rows, stacks, cluster and databases of ${tenants.toLocaleString('en-US')} tenants compared`,
        measured: `${duration(sweep.max)} (slowest of ${sweep.count}), ${calls} calls, ${megabytes(peak - before)} MB more`,
        target: `${duration(targetMs)}, ${targetCalls} calls, no call per tenant`,
        peer: '-',
        met: sweep.max <= targetMs && calls <= targetCalls && observed === 0,
        notes: [
          `A world that agrees, in which ${observed} disagreements were found. Calls by source: ${sources.map(([name, asked]) => `${name} ${asked.calls} for ${asked.items}`).join(', ')}.`,
          'Stripe is the simulator and PostgreSQL a real server; the cluster is a stand-in that answers paged lists with the metadata of real objects, in the same process, as is the simulator.',
        ],
        samples: summaries,
        values: { tenants, calls, peak_rss_growth_bytes: peak - before },
      },
    ];
  },
};

async function agreeingWorld(bench: Bench, tenants: number): Promise<ReconcileContext> {
  const postgres = await startPostgres({ dataDir: await bench.folder('postgres'), durable: false });
  bench.onEnd(postgres.stop);
  await migrate(postgres.url);
  const database = openDatabase(postgres.url, { maxConnections: 4 });
  bench.onEnd(database.close);
  await ensureCell(database, cell);
  const stripe = await accountOf(bench, tenants);
  const ids = await addTenants(database, stripe, tenants);
  const server = await startCluster(ids);
  bench.onEnd(async () => server.close());
  const { port } = server.address() as AddressInfo;
  const user = {
    token: null,
    tokenFile: null,
    clientCertificate: null,
    clientKey: null,
    basic: null,
    exec: null,
  };
  const cluster = new KubernetesClient(
    {
      server: new URL(`http://127.0.0.1:${port}`),
      ca: null,
      insecureSkipTlsVerify: false,
      tlsServerName: null,
      namespace: 'default',
      user,
    },
    {},
    () => {},
  );
  bench.onEnd(async () => cluster.close());
  const stacks = new Set(ids);
  return {
    database,
    stripe,
    cluster,
    objects: [],
    servers: [{ name: null, database }],
    stacks: async () => stacks,
    cell,
    jobs: defaultPolicy,
    // Everything was written just now.
    policy: { ...defaultReconcilePolicy, graceMs: 0 },
    log: pino({ level: 'silent' }),
    workerId: 'bench',
    now: () => new Date(),
  };
}

/** One paying customer, and as many like them as wanted, in the simulator's own file. */
async function accountOf({ folder, onEnd }: Bench, tenants: number): Promise<Stripe> {
  const dataFile = `${await folder('stripe')}/stripe.db`;
  const options = { dataFile, secretKey: 'sk_test_bench', webhookSecret: 'whsec_bench', catalog };
  const first = await startStripeSimulator(options);
  const stripe = stripeClientOf(first);
  const { data } = await stripe.prices.list({ lookup_keys: [planLookupKey('browsers', 'professional')] });
  const customer = await stripe.customers.create({
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  const items = [{ price: data[0]?.id ?? '' }];
  const subscription = await stripe.subscriptions.create({ customer: customer.id, items });
  await first.stop();
  const file = new DatabaseSync(dataFile);
  for (const [type, id] of [
    ['customer', customer.id],
    ['subscription', subscription.id],
  ] as const)
    file
      .prepare(
        `WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
         INSERT INTO documents (type, id, created, customer, status, key, body, hidden)
         SELECT type, id || '_' || n, created, customer || '_' || n, status, key,
           replace(replace(body, ?, ? || '_' || n), ?, ? || '_' || n), hidden
         FROM documents, number WHERE type = ? AND id = ?`,
      )
      .run(tenants - 1, subscription.id, subscription.id, customer.id, customer.id, type, id);
  file.close();
  const simulator = await startStripeSimulator(options);
  onEnd(simulator.stop);
  return stripeClientOf(simulator);
}

/** A tenant for each subscription, with its schema and role, and credits. Returns their ids. */
async function addTenants(database: Database, stripe: Stripe, tenants: number): Promise<string[]> {
  const [subscription] = (await stripe.subscriptions.list({ limit: 1 })).data;
  if (!subscription) throw new Error('there is no subscription');
  const { status, currentPeriodEnd } = readSubscription(subscription);
  const known = subscription.id.replace(/_\d+$/, '');
  await database.query(
    `insert into tenantry.subscription (id, status, customer_id, owner, product, plan, seats, current_period_end,
       fetched_at)
     select $1 || case when n = 0 then '' else '_' || n end, $2, 'cus', 'owner', 'browsers', 'professional', 1, $3,
       now() - interval '1 hour' from generate_series(0, $4::int - 1) n`,
    [known, status, currentPeriodEnd, tenants],
  );
  const { id } = await addTenant(database, { product: 'browsers', plan: 'professional', id: 'b0000000' });
  const outputs = {
    namespace: `customer-${id}`,
    serviceUrl: null,
    database: { name: null, schema: `tenant_${id}`, role: `tenant_${id}`, secretName: 'database' },
    objects: objects.map(([apiVersion, kind, , name]) => ({
      apiVersion,
      kind,
      name,
      namespace: `customer-${id}`,
    })),
  };
  await database.query(
    `update tenantry.tenant set phase = 'active', observed_state = 'active', observed_generation = 1, outputs = $2,
       subscription_id = $3 where id = $1`,
    [id, JSON.stringify(outputs), known],
  );
  await database.query(
    `insert into tenantry.tenant (id, cell, product, owner, slug, namespace, created_at, desired_state, desired_spec,
       observed_state, observed_generation, outputs, phase, subscription_id, updated_at)
     select made.id, cell, product, owner, made.id, 'customer-' || made.id, created_at, desired_state, desired_spec,
       observed_state, 1, replace(outputs::text, t.id, made.id)::jsonb, phase, $1 || '_' || n, now() - interval '1 hour'
     from tenantry.tenant t, generate_series(1, $2::int - 1) n,
       lateral (select 'b' || lpad(n::text, 7, '0') as id) made`,
    [known, tenants],
  );
  // Each statement takes locks until it is over.
  for (let from = 0; from < tenants; from += 500) {
    await database.query(
      `do $$ begin for n in ${from}..${Math.min(from + 500, tenants) - 1} loop
         execute format('create role %I', 'tenant_b' || lpad(n::text, 7, '0'));
         execute format('create schema %I', 'tenant_b' || lpad(n::text, 7, '0'));
       end loop; end $$`,
    );
  }
  const ids = Array.from({ length: tenants }, (_, n) => `b${String(n).padStart(7, '0')}`);
  for (let from = 0; from < tenants; from += 500) {
    const some = ids.slice(from, from + 500);
    await applyToLedger(
      database,
      some.map((tenant) => ({ op: 'top_up', tenant, cause: 'all', amount: 5_000, until: null })),
    );
  }
  await database.query('analyze');
  return ids;
}

/** What the API server writes beside names and labels. */
const managedFields = [
  {
    manager: 'pulumi-kubernetes-1f2e3d4c',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-11-21T09:30:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`f:field-${n}`, { '.': {}, 'f:value': {} }]),
    ),
  },
];

/** Paged lists of metadata, in the order of namespaces and names as the API server has it. */
async function startCluster(ids: readonly string[]): Promise<Server> {
  const server = createServer((request, answer) => {
    const url = new URL(request.url ?? '/', 'http://cluster');
    const send = (body: object) =>
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const group = /^\/apis?\/([a-z0-9./]*?v\d)$/.exec(url.pathname)?.[1];
    if (group !== undefined) {
      const served = objects.filter(([apiVersion]) => apiVersion === group);
      return void send({
        resources: served.map(([, kind, name]) => ({ name, kind, namespaced: true })),
      });
    }
    const plural = url.pathname.split('/').at(-1) ?? '';
    const limit = Number(url.searchParams.get('limit'));
    const from = Number(url.searchParams.get('continue') ?? 0);
    const named = objects.filter(([, , one]) => one === plural);
    const perTenant = plural === 'namespaces' ? 1 : named.length;
    const total = ids.length * perTenant;
    const items = Array.from({ length: Math.max(0, Math.min(limit, total - from)) }, (_, n) => {
      const id = ids[Math.floor((from + n) / perTenant)] ?? '';
      const namespace = `customer-${id}`;
      return {
        metadata: {
          name: plural === 'namespaces' ? namespace : named[(from + n) % perTenant]?.[3],
          ...(plural !== 'namespaces' && { namespace }),
          uid: '8b1d5d2c-8f7e-4a55-9d0b-0d7e6a1c2b3f',
          resourceVersion: '123456',
          creationTimestamp: '2026-11-21T09:30:00Z',
          labels: {
            'app.kubernetes.io/managed-by': 'tenantry',
            'tenantry.dev/tenant': id,
            'tenantry.dev/product': 'browsers',
            'tenantry.dev/plan': 'professional',
          },
          managedFields,
        },
      };
    });
    const next = from + items.length < total ? String(from + items.length) : '';
    send({ metadata: { continue: next }, items });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
