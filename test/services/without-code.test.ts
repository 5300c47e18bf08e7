import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Entitlements } from '../../api/client/index.ts';
import type { TenantView } from '../../api/contract/tenant.ts';
import { readPublicKeys, verifyReceipt } from '../../automation/offboarding/receipt.ts';
import { keyId } from '../../automation/offboarding/signing-key.ts';
import { loadServices } from '../../automation/packages/index.ts';
import { services as own } from '../../services/index.ts';
import { type Receiver, startReceiver, verified } from '../notify/receiver.ts';
import { isSettled, subscribe, untilTenantIs } from '../support/customer.ts';
import { remainsOf } from '../support/remains.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';
import { writePackage } from './tutorial.ts';

/**
 * A product without a line of code here, from payment to receipt: the tutorial's catalog file and `{ product }`. The test
 * plays its application, which knows what its container knows, and talks to Tenantry by HTTP.
 */

let folder: string;
let tenantry: Tenantry;
let receiver: Receiver;
let secret: string;

let tenant: TenantView;
let token: string;
/** What the container finds in its Secret. */
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(join(inject('runDir'), 'without-code-'));
  const module = await writePackage(folder);
  await writeFile(module, `import { wikis } from './product.ts';\nexport default { product: wikis };\n`);
  // The simulated Stripe runs in this process.
  await loadServices({ own, packages: [module] });
  [tenantry, receiver] = await Promise.all([
    startTenantry({ variables: { TENANTRY_SERVICES: module, TENANTRY_NOTIFY_PRIVATE: 'allow' } }),
    startReceiver(),
  ]);
  const made = await tenantry.request('POST', '/v1/notifications/endpoints', {
    body: { url: receiver.url, product: 'wikis' },
  });
  ({ secret } = made.body as { secret: string });
});
afterAll(async () => {
  await tenantry?.stop();
  await receiver?.stop();
  await rm(folder, { recursive: true, force: true });
});

const read = async <T>(path: string): Promise<T> =>
  (await tenantry.cluster.send({
    method: 'GET',
    path: `/api/v1/namespaces/${tenant.namespace}${path}`,
  })) as T;

/** What the container reads in its file. */
const tenantFile = async () => {
  const { data } = await read<{ data: Record<string, string> }>('/configmaps/tenant');
  return JSON.parse(data['tenant.json'] ?? '') as { tenantId: string; plan: string; entitlements: object };
};

/** Asks as the container does, with its own key. */
async function ask(
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
) {
  const answer = await fetch(`${tenantry.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, etag: answer.headers.get('etag') ?? '', body: JSON.parse(text || 'null') };
}

const entitlements = async () => {
  const { body, etag } = await ask('GET', `/v1/tenants/${tenant.id}/entitlements`);
  return { etag, ...(body as Entitlements) };
};
const check = (body: object) => ask('POST', `/v1/tenants/${tenant.id}/check`, { body });

/** Every webhook so far, its signature verified. */
const heard = () => receiver.received.map((one) => verified(one, secret));
const untilHeard = (type: string) =>
  until(() => heard().find((event) => event.type === type), { what: `the webhook ${type}` });

test('is bought and provisioned, and its application hears of it', async () => {
  ({ tenant, token } = await subscribe(tenantry, 'ada@example.com', {
    product: 'wikis',
    plan: 'team',
    slug: 'codeless',
  }));
  expect(tenant.namespace).toBe('wiki-codeless');
  for (const type of ['tenant.created', 'tenant.active'])
    expect(await untilHeard(type)).toMatchObject({
      data: { tenant: { id: tenant.id, product: 'wikis', plan: 'team' } },
    });
});

test('its container finds who its tenant is, and a key that reads what this one may do, and no other', async () => {
  expect(await tenantFile()).toMatchObject({
    tenantId: tenant.id,
    plan: 'team',
    entitlements: { editsPerMonth: 100, comments: false },
  });
  const { data } = await read<{ data: { key: string } }>('/secrets/tenantry-api');
  key = Buffer.from(data.key, 'base64').toString();
  const { etag, ...found } = await entitlements();
  expect(found).toMatchObject({
    plan: 'team',
    state: 'active',
    planFeatures: [],
    entitlements: { editsPerMonth: { value: 100, use: { per: 'month', used: 0, remaining: 100 } } },
  });
  const unchanged = await ask('GET', `/v1/tenants/${tenant.id}/entitlements`, {
    headers: { 'if-none-match': etag },
  });
  expect(unchanged.status).toBe(304);
  expect((await ask('GET', '/v1/tenants/someoneelse/entitlements')).status).toBe(404);
  expect((await ask('POST', `/v1/tenants/${tenant.id}/retry`)).status).toBe(403);
});

test('reserves uses, settles and releases them, and is refused beyond the plan', async () => {
  const use = { entitlement: 'editsPerMonth', amount: 60 };
  const [one, other] = await Promise.all([check({ key: 'a', ...use }), check({ key: 'b', ...use })]);
  // Both at once do not fit.
  expect([one.status, other.status].sort()).toEqual([201, 429]);
  const admitted = one.status === 201 ? one : other;
  const refused = one.status === 201 ? other : one;
  expect(refused.body).toMatchObject({
    code: 'plan_limit_reached',
    refusal: { limit: 'editsPerMonth', left: 40, planWithMore: { id: 'company' } },
  });
  expect((await check({ key: 'c', entitlement: 'comments' })).body).toMatchObject({ code: 'not_in_plan' });

  const path = `/v1/tenants/${tenant.id}/check/${admitted.body.reservation.id}`;
  expect(await ask('POST', `${path}/settle`, { body: { amount: 25 } })).toMatchObject({ status: 200 });
  const next = await check({ key: 'd', meter: 'wikis_edits', amount: 75 });
  expect(next.status).toBe(201);
  const release = `/v1/tenants/${tenant.id}/check/${next.body.reservation.id}/release`;
  expect(await ask('POST', release)).toMatchObject({ status: 200 });
  expect((await entitlements()).entitlements.editsPerMonth?.use).toMatchObject({
    used: 25,
    held: 0,
    remaining: 75,
  });
});

test('tells use in batches and as CloudEvents, each event once, and hears of the limit', async () => {
  const event = { tenant: tenant.id, meter: 'wikis_edits' };
  const events = [
    { ...event, id: '1', quantity: 10 },
    { ...event, id: '2', quantity: '20' },
    { ...event, id: '1', quantity: 10 },
  ];
  const batch = await ask('POST', '/v1/usage', { body: { source: 'wiki', events } });
  expect(batch).toMatchObject({ status: 200, body: { accepted: 2, repeated: 1, refused: 0 } });
  const clouds = ['3', '4'].map((id) => ({
    specversion: '1.0',
    id,
    source: 'wiki',
    type: 'wikis_edits',
    subject: tenant.id,
    data: { quantity: '25' },
  }));
  const told = await ask('POST', '/v1/usage', {
    body: clouds,
    headers: { 'content-type': 'application/cloudevents-batch+json' },
  });
  expect(told).toMatchObject({ status: 200, body: { accepted: 2 } });
  expect((await entitlements()).entitlements.editsPerMonth?.use).toMatchObject({ used: 105, remaining: 0 });
  expect(await untilHeard('usage.limit_reached')).toMatchObject({
    data: { tenantId: tenant.id, limit: 'editsPerMonth' },
  });
});

test('gets the larger plan without a restart, and what it has', async () => {
  const before = await entitlements();
  const subscription = tenant.subscription?.id ?? '';
  const changed = await tenantry.request('POST', `/v1/subscriptions/${subscription}/change`, {
    body: { plan: 'company' },
    token,
  });
  expect(changed).toMatchObject({ status: 200 });
  tenant = await untilTenantIs(
    tenantry,
    tenant.id,
    (now) => now.plan === 'company' && isSettled('active')(now),
  );
  expect(await untilHeard('tenant.plan_changed')).toMatchObject({ data: { from: 'team', to: 'company' } });
  expect(await tenantFile()).toMatchObject({ plan: 'company', entitlements: { comments: true } });
  const after = await entitlements();
  expect(after.etag).not.toBe(before.etag);
  expect(after).toMatchObject({
    planFeatures: ['comments'],
    entitlements: { editsPerMonth: { use: { used: 105, remaining: 4895 } } },
  });
  expect((await check({ key: 'e', entitlement: 'comments' })).status).toBe(201);
});

test('is cancelled: its key ends, nothing of it is left, and a receipt proves it', async () => {
  const subscription = tenant.subscription?.id ?? '';
  const cancelled = await tenantry.request('POST', `/v1/subscriptions/${subscription}/cancel`, {
    body: { when: 'now' },
    token,
  });
  expect(cancelled).toMatchObject({ status: 200 });
  await untilTenantIs(tenantry, tenant.id, isSettled('deleted'));
  expect(await untilHeard('tenant.deleted')).toMatchObject({ data: { tenant: { id: tenant.id } } });
  expect((await ask('GET', `/v1/tenants/${tenant.id}/entitlements`)).status).toBe(401);
  const text = await until(
    async () => {
      const { status, body } = await tenantry.request('GET', `/v1/tenants/${tenant.id}/receipt`, { token });
      return status === 200 && JSON.stringify(body);
    },
    { what: 'the receipt' },
  );
  const { body: published } = await tenantry.request('GET', '/v1/receipt-keys');
  const receipt = verifyReceipt(text, readPublicKeys(JSON.stringify(published), keyId));
  expect(receipt).toMatchObject({ tenant: { id: tenant.id, product: 'wikis' }, export: { made: true } });
  expect(await remainsOf(tenantry, tenant)).toEqual([]);
});
