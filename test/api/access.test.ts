import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { createKey, type KeyOwner, type KeyScope, keyScopes } from '../../automation/keys/index.ts';
import { grantCredits } from '../../automation/ledger/book.ts';
import { emitTest } from '../../automation/notify/index.ts';
import { putMember } from '../../automation/organizations/organizations.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { jobContext } from '../support/job-context.ts';
import { type Service, startService } from '../support/service.ts';

/* Every route and every kind of principal, tried: docs/api.md has the table that this holds the service to. */

interface Route {
  readonly method: string;
  readonly path: string;
  readonly name: string;
  /** Null for what anybody may use. */
  readonly access: { readonly people: boolean; readonly keys: KeyScope | null } | null;
}

/** What an answer says about access: `ok` is whatever the route answers to those whom it is for. */
type Outcome = 'ok' | '401' | '403' | '404';

/** In the order of the table's columns. All but the last three are people with tokens, or nobody. */
const principals = [
  'nobody',
  'stranger',
  'owner',
  'viewer',
  'admin',
  'key',
  'key without scope',
  "stranger's key",
  "tenant's key",
  'service key',
  'operator',
] as const;
type PrincipalName = (typeof principals)[number];

/** Bodies that say nothing wrong, for routes that take one. */
const bodies: Readonly<Record<string, unknown>> = {
  'POST /v1/checkout': { product: 'inbox', plan: 'starter' },
  'POST /v1/keys': { name: 'x', scopes: ['tenants:read'] },
  'POST /v1/notifications/endpoints': { url: 'https://93.184.216.34/', tenant: 'TENANT' },
  'POST /v1/notifications/endpoints/{id}/replay': { since: '2026-01-01T00:00:00Z' },
  'POST /v1/onboardings': { name: 'Others', slug: 'others', adminEmail: 'boss@others.example' },
  'POST /v1/portal': {},
  'POST /v1/reconciliation': {},
  'POST /v1/findings/{id}/approve': {},
  'POST /v1/findings/{id}/dismiss': {},
  'POST /v1/subscriptions/{id}/preview': { plan: 'professional' },
  'POST /v1/subscriptions/{id}/change': { plan: 'professional' },
  'POST /v1/subscriptions/{id}/cancel': {},
  'POST /v1/tenants/{id}/api-costs': { callId: 'c', provider: 'p', costMicros: 1 },
  'POST /v1/tenants/{id}/check': { key: 'c', meter: 'browsers_sessions' },
  'POST /v1/tenants/{id}/check/{reservation}/settle': {},
  'POST /v1/tenants/{id}/credits/captures': { cause: 'c', amount: 1 },
  'POST /v1/tenants/{id}/credits/holds': { cause: 'h', amount: 1 },
  'POST /v1/tenants/{id}/credits/releases': { hold: 'h' },
  'POST /v1/tenants/{id}/credits/top-ups': { cause: 't', amount: 1 },
  'POST /v1/tenants/{id}/usage': {
    samples: [{ dimension: 'browsers_sessions', at: new Date().toISOString(), quantity: '1' }],
  },
  'POST /v1/usage': { events: [{ id: 'e', tenant: 'nobodys1', meter: 'm' }] },
  'PUT /v1/tenants/{id}/budget': { kind: 'spend', capMicros: 1 },
};
const queries: Readonly<Record<string, string>> = {
  'GET /v1/notifications': '?tenant=TENANT',
  'GET /v1/notifications/endpoints': '?tenant=TENANT',
  'GET /v1/onboardings': '?slug=acme&adminEmail=ada@acme.example',
};

let service: Service;
let routes: readonly Route[];
let owned: Record<
  'tenant' | 'subscription' | 'invoice' | 'finding' | 'export' | 'reservation' | 'endpoint' | 'notification',
  string
>;
let tokens: Readonly<
  Record<Exclude<PrincipalName, 'nobody' | 'key' | 'key without scope' | "stranger's key">, string>
>;

beforeAll(async () => {
  service = await startService();
  const { database, identity, simulator, stripe } = service;
  const person = (name: string) =>
    identity.token(name, 'tenant', { email: `${name}@acme.example`, email_verified: true });
  const onboarded = await service.request('POST', '/v1/onboardings', {
    body: { name: 'Acme', slug: 'acme', adminEmail: 'ada@acme.example' },
  });
  const { organization } = onboarded.body as { organization: { id: string } };
  await putMember(database, organization.id, { email: 'vera@acme.example' }, 'viewer');
  await putMember(database, organization.id, { email: 'adam@acme.example' }, 'admin');
  const owner = await person('ada');
  const opened = await service.request('POST', '/v1/checkout', {
    token: owner,
    body: { product: 'browsers', plan: 'starter', organization: organization.id },
  });
  const session = simulator.payCheckout(/cs_\w+/.exec((opened.body as { url: string }).url)?.[0] ?? '');
  const subscription = String(session.subscription);
  await markSubscription(database, subscription);
  await syncSubscription(jobContext({ database, stripe }), subscription);
  const tenant = await id('select id from tenantry.tenant where subscription_id = $1', [subscription]);
  await grantCredits(database, tenant, { cause: 'invoice:1', amount: 100, adds: false, spendBy: null });
  owned = {
    tenant,
    subscription,
    endpoint: await endpointOf(tenant),
    notification: '',
    invoice: String(session.invoice),
    finding: await id(
      `insert into tenantry.finding (key, area, kind, subject, cause, state, first_seen_at, last_seen_at)
       values ('k', 'money', 'k', 's', 'c', 'waiting', now(), now()) returning id`,
    ),
    export: await id(
      `insert into tenantry.tenant_export (tenant_id, cell, reason, finished_at)
       values ($1, 'local', 'request', now()) returning id`,
      [tenant],
    ),
    reservation: await id(
      `insert into tenantry.reservation (id, tenant_id, key, request, micro_units, estimated_cost_micros, created_at,
         expires_at)
       values ('res_' || repeat('0', 24), $1, 'k', '{}', 1, 0, now(), now() + interval '1 hour') returning id`,
      [tenant],
    ),
  };
  await emitTest(database, owned.endpoint);
  owned.notification = await id('select id from tenantry.notify_delivery');
  tokens = {
    stranger: await person('eve'),
    owner,
    viewer: await person('vera'),
    admin: await person('adam'),
    "tenant's key": await keyOf({ kind: 'tenant', tenantId: tenant }, keyScopes),
    'service key': await keyOf({ kind: 'service', product: 'browsers' }, keyScopes),
    operator: await identity.token('operator', 'operator'),
  };
  const document = (await service.request('GET', '/openapi.json', { token: null })).body as {
    paths: Record<string, Record<string, { 'x-access'?: NonNullable<Route['access']> }>>;
  };
  routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => {
      const method = verb.toUpperCase();
      return { method, path, name: `${method} ${path}`, access: operation['x-access'] ?? null };
    }),
  );
});
afterAll(() => service?.stop());

async function id(query: string, values: unknown[] = []): Promise<string> {
  const { rows } = await service.database.query<{ id: string | number }>(query, values);
  const [row] = rows;
  if (!row) throw new Error(`nothing found by ${query}`);
  return String(row.id);
}

/** By hand, as an endpoint ends with the request that removes it, and there may be only so many. */
function endpointOf(tenant: string): Promise<string> {
  return id(
    `insert into tenantry.notify_endpoint (id, url, tenant_id, secret)
     values ('ep_' || left(md5(random()::text), 16), 'https://93.184.216.34/', $1, 'whsec_x') returning id`,
    [tenant],
  );
}

async function keyOf(owner: KeyOwner, scopes: readonly KeyScope[]): Promise<string> {
  const made = { name: 'a key', owner, scopes, expiresAt: null, createdBy: null };
  return (await createKey(service.database, made)).text;
}

const personsKeys = new Map<string, Promise<string>>();

/** A person's key with these scopes, the same one each time: nobody has as many as there are routes. */
function personsKey(subject: string, scopes: readonly KeyScope[]): Promise<string> {
  const name = `${subject}: ${scopes}`;
  const key = personsKeys.get(name) ?? keyOf({ kind: 'person', subject }, scopes);
  personsKeys.set(name, key);
  return key;
}

/** A principal's bearer token for a route; null for none. */
async function tokenFor(principal: PrincipalName, { access }: Route): Promise<string | null> {
  switch (principal) {
    case 'nobody':
      return null;
    case 'key':
      return personsKey('ada', [access?.keys ?? 'tenants:read']);
    case 'key without scope':
      return personsKey(
        'ada',
        keyScopes.filter((scope) => scope !== access?.keys),
      );
    case "stranger's key":
      return personsKey('eve', [access?.keys ?? 'tenants:read']);
    default:
      return tokens[principal];
  }
}

/** The route's path with ids of what belongs to the owner. */
async function pathOf({ method, path, name }: Route): Promise<string> {
  const isEndpoint = path.startsWith('/v1/notifications/endpoints/');
  const ids: Record<string, string> = {
    notifications: !isEndpoint
      ? owned.notification
      : method === 'DELETE'
        ? await endpointOf(owned.tenant)
        : owned.endpoint,
    tenants: owned.tenant,
    subscriptions: owned.subscription,
    invoices: owned.invoice,
    findings: owned.finding,
    // A key ends with the request that revokes it.
    keys:
      method === 'DELETE'
        ? (await keyOf({ kind: 'tenant', tenantId: owned.tenant }, ['tenants:read'])).slice(3, 15)
        : '',
  };
  const first = ids[path.split('/')[2] ?? ''] ?? '';
  const filled = path
    .replace('{id}', first)
    .replace('{export}', owned.export)
    .replace('{reservation}', owned.reservation);
  return `${filled}${(queries[name] ?? '').replace('TENANT', owned.tenant)}`;
}

/** Only the beginning of the answer is waited for: streams have no end. */
async function outcomeOf(principal: PrincipalName, route: Route): Promise<Outcome | string> {
  const token = await tokenFor(principal, route);
  const stop = new AbortController();
  const body =
    bodies[route.name] === undefined
      ? undefined
      : JSON.stringify(bodies[route.name]).replaceAll('TENANT', owned.tenant);
  const answer = await fetch(`${service.url}${await pathOf(route)}`, {
    method: route.method,
    signal: stop.signal,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
  const text = [401, 403, 404].includes(answer.status) || answer.ok ? '' : await answer.text();
  stop.abort();
  if ([401, 403, 404].includes(answer.status)) return String(answer.status);
  // Those whom the route is for: what they ask for may not be possible just now.
  if (answer.ok || answer.status === 402 || answer.status === 409) return 'ok';
  return `${answer.status} ${text}`;
}

/** The table of docs/api.md, by route. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| `[A-Z]+ \//.test(line));
  return new Map(
    rows.map((line) => {
      const [name = '', ...cells] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
      return [name.replaceAll('`', ''), cells];
    }),
  );
}

/** Anybody's routes are left out of the table; Stripe's signs. */
const guarded = () => routes.filter(({ access }) => access !== null);

describe('the table of routes and principals in docs/api.md', () => {
  test('has every route that is not for anybody, and no other', () => {
    expect([...documented().keys()].sort()).toEqual(
      guarded()
        .map(({ name }) => name)
        .sort(),
    );
  });

  test('says what the service answers, for every route and every kind of principal', async () => {
    const answers: string[] = [];
    for (const route of guarded()) {
      const cells: string[] = [];
      for (const principal of principals) cells.push(await outcomeOf(principal, route));
      answers.push(`| \`${route.name}\` | ${cells.join(' | ')} |`);
    }
    const expected = [...documented()].map(([name, cells]) => `| \`${name}\` | ${cells.join(' | ')} |`);
    expect(answers.sort()).toEqual(expected.sort());
  });
});

test('what anybody may use is known by name', () => {
  const open = routes.filter(({ access }) => access === null).map(({ name }) => name);
  expect(open.sort()).toEqual([
    'GET /healthz',
    'GET /metrics',
    'GET /readyz',
    'GET /v1/config',
    'GET /v1/products',
    'GET /v1/receipt-keys',
    'POST /webhooks/stripe',
  ]);
});
