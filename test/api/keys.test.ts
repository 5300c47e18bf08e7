import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeyView } from '../../api/contract/keys.ts';
import type { TenantView } from '../../api/contract/tenant.ts';
import { maxKeys } from '../../automation/keys/index.ts';
import { putMember } from '../../automation/organizations/organizations.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
let ada: string;
let eve: string;
beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada');
  eve = await service.identity.token('eve');
  const { database } = service;
  await addTenant(database, { id: 'adaaaaa1', owner: 'ada', product: 'browsers', plan: 'professional' });
  await addTenant(database, { id: 'adaaaaa2', owner: 'ada', product: 'inbox', plan: 'starter' });
  await addTenant(database, { id: 'eveeeee1', owner: 'eve', product: 'browsers', plan: 'professional' });
  await addTenant(database, {
    id: 'slotttt1',
    owner: null,
    slot: true,
    product: 'browsers',
    plan: 'starter',
  });
});
afterAll(() => service?.stop());

type Made = KeyView & { key: string };
const create = (body: object, token?: string) =>
  service.request('POST', '/v1/keys', { body: { name: 'a key', ...body }, ...(token && { token }) });
const made = async (body: object, token?: string) => {
  const answer = await create(body, token);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.body as Made;
};
const get = (path: string, token: string) => service.request('GET', path, { token });
const tenantsOf = async (token: string) =>
  ((await get('/v1/tenants', token)).body as { tenants: TenantView[] }).tenants.map(({ id }) => id).sort();
const keysOf = async (token: string, query = '') =>
  ((await get(`/v1/keys${query}`, token)).body as { keys: KeyView[] }).keys;

describe('a key of a person', () => {
  test('sees what the person sees, and no more than its scopes name', async () => {
    const { key, id } = await made({ scopes: ['tenants:read'] }, ada);
    expect(key).toMatch(new RegExp(`^tk_${id}_`));
    expect(await tenantsOf(key)).toEqual(['adaaaaa1', 'adaaaaa2']);
    expect((await get('/v1/tenants/adaaaaa1', key)).status).toBe(200);
    expect((await get('/v1/tenants/eveeeee1', key)).status).toBe(404);
    expect(await service.request('POST', '/v1/tenants/adaaaaa1/retry', { token: key })).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: expect.stringContaining('"tenants:write"') },
    });
    expect((await get('/v1/organizations', key)).status).toBe(403);
    expect((await get('/v1/figures', key)).status).toBe(403);
  });

  test('follows the person’s memberships as they are now', async () => {
    const { database } = service;
    await database.query(
      `insert into tenantry.organization (id, name, slug, customer_id)
       values ('org_a1b2c3d4e5f6g7h8', 'Acme', 'acme', 'cus_acme')`,
    );
    await database.query(
      "insert into tenantry.subscription (id, customer_id) values ('sub_acme', 'cus_acme')",
    );
    const tenant = await addTenant(database, { owner: 'boss', subscriptionId: 'sub_acme' });
    await database.query(
      `update tenantry.tenant set desired_spec = jsonb_set(desired_spec, '{billingAccount}', '"cus_acme"') where id = $1`,
      [tenant.id],
    );
    const { key } = await made(
      { scopes: ['tenants:read', 'tenants:write'] },
      await service.identity.token('vera'),
    );
    expect(await tenantsOf(key)).toEqual([]);
    const { organizationId, id } = await putMember(
      database,
      'org_a1b2c3d4e5f6g7h8',
      { email: null, subject: 'vera' },
      'viewer',
    );
    expect(await tenantsOf(key)).toEqual([tenant.id]);
    const retry = () => service.request('POST', `/v1/tenants/${tenant.id}/retry`, { token: key });
    expect((await retry()).status).toBe(403);
    await putMember(database, organizationId, { email: null, subject: 'vera' }, 'admin');
    expect((await retry()).status).toBe(202);
    await database.query('delete from tenantry.organization_member where id = $1', [id]);
    expect(await tenantsOf(key)).toEqual([]);
    expect((await retry()).status).toBe(404);
  });

  test('makes no keys, shows none and ends none', async () => {
    const { key, id } = await made({ scopes: ['tenants:read', 'tenants:write'] }, ada);
    expect((await create({ scopes: ['tenants:read'] }, key)).status).toBe(403);
    expect((await get('/v1/keys', key)).status).toBe(403);
    expect((await service.request('DELETE', `/v1/keys/${id}`, { token: key })).status).toBe(403);
  });
});

describe('a key of a tenant', () => {
  test('reaches its tenant alone, with what the scopes name', async () => {
    const { key } = await made({
      owner: { kind: 'tenant', tenant: 'adaaaaa1' },
      scopes: ['usage:write', 'checks:write', 'tenants:read'],
    });
    expect(await tenantsOf(key)).toEqual(['adaaaaa1']);
    for (const other of ['adaaaaa2', 'eveeeee1', 'slotttt1'])
      expect((await get(`/v1/tenants/${other}`, key)).status).toBe(404);
    const topUp = await service.request('POST', '/v1/tenants/adaaaaa1/credits/top-ups', {
      body: { cause: 'mine', amount: 5 },
      token: key,
    });
    expect(topUp.status).toBe(403);
    const hold = (tenant: string) =>
      service.request('POST', `/v1/tenants/${tenant}/credits/holds`, {
        body: { cause: 'x', amount: 1 },
        token: key,
      });
    expect((await hold('adaaaaa1')).status).toBe(402);
    expect((await hold('eveeeee1')).status).toBe(404);
  });

  test('is made by whoever may change the tenant, but only operators let it say what was used', async () => {
    const owner = { kind: 'tenant', tenant: 'adaaaaa1' };
    expect((await create({ owner, scopes: ['tenants:read'] }, ada)).status).toBe(201);
    expect((await create({ owner, scopes: ['tenants:read'] }, eve)).status).toBe(404);
    for (const scope of ['usage:write', 'checks:write'])
      expect(await create({ owner, scopes: ['tenants:read', scope] }, ada)).toMatchObject({
        status: 403,
        body: { errors: [{ field: 'scopes', message: `"${scope}" is for operators` }] },
      });
  });

  test('stands in the tenant’s timeline, without what is secret and without the operator', async () => {
    const { key, id } = await made({
      owner: { kind: 'tenant', tenant: 'adaaaaa2' },
      scopes: ['usage:write'],
    });
    await service.request('DELETE', `/v1/keys/${id}`);
    const timeline = await get('/v1/tenants/adaaaaa2/timeline', ada);
    expect(timeline.body).toMatchObject({
      entries: [
        { kind: 'key.created', data: { id, scopes: ['usage:write'] } },
        { kind: 'key.revoked', data: { id } },
      ],
    });
    expect(timeline.text).not.toContain(key.slice(16));
    expect(timeline.text).not.toContain('operator');
  });
});

describe('a key of a service', () => {
  test('reaches every tenant of its product, and none of another or without an owner', async () => {
    const { key } = await made({
      owner: { kind: 'service', product: 'browsers' },
      scopes: ['tenants:read', 'tenants:write', 'usage:write'],
    });
    expect(await tenantsOf(key)).toEqual(['adaaaaa1', 'eveeeee1']);
    expect((await get('/v1/tenants/eveeeee1', key)).status).toBe(200);
    for (const other of ['adaaaaa2', 'slotttt1'])
      expect((await get(`/v1/tenants/${other}`, key)).status).toBe(404);
    const shown = await get('/v1/tenants/eveeeee1', key);
    expect(Object.keys(shown.body)).not.toContain('cause');
    const retried = await service.request('POST', '/v1/tenants/eveeeee1/retry', { token: key });
    expect(retried.status).toBe(202);
  });

  test('reaches the tenants of all products where none is named', async () => {
    const { key } = await made({ owner: { kind: 'service' }, scopes: ['tenants:read'] });
    expect(await tenantsOf(key)).toEqual(expect.arrayContaining(['adaaaaa1', 'adaaaaa2', 'eveeeee1']));
  });

  test('is made by operators only', async () => {
    expect((await create({ owner: { kind: 'service' }, scopes: ['tenants:read'] }, ada)).status).toBe(403);
  });
});

describe('keys', () => {
  test.each<[string, object, string]>([
    ['no scope', { scopes: [] }, 'scopes'],
    ['an unknown scope', { scopes: ['tenants:delete'] }, 'scopes.0'],
    ['no name', { name: ' ', scopes: ['tenants:read'] }, 'name'],
    ['a past end', { scopes: ['tenants:read'], expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    ['an owner of no kind', { scopes: ['tenants:read'], owner: { kind: 'everybody' } }, 'owner.kind'],
    [
      'an unknown product',
      { scopes: ['tenants:read'], owner: { kind: 'service', product: 'x' } },
      'owner.product',
    ],
    [
      'what is no tenant',
      { scopes: ['tenants:read'], owner: { kind: 'tenant', tenant: 'x' } },
      'owner.tenant',
    ],
    ['somebody else’s subject', { scopes: ['tenants:read'], subject: 'eve' }, 'subject'],
  ])('with %s are refused by name', async (_what, body, field) => {
    expect(await create(body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: expect.arrayContaining([expect.objectContaining({ field })]) },
    });
  });

  test('are listed for whom they are, page by page, without their secrets', async () => {
    const mallory = await service.identity.token('mallory');
    const all: Made[] = [];
    for (let n = 0; n < 5; n += 1)
      all.push(await made({ name: `key ${n}`, scopes: ['tenants:read'] }, mallory));
    const seen: KeyView[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer = await get(`/v1/keys?limit=2${cursor && `&cursor=${cursor}`}`, mallory);
      const page = answer.body as { keys: KeyView[]; nextCursor: string | null };
      expect(page.keys.length).toBeLessThanOrEqual(2);
      for (const { key } of all) expect(answer.text).not.toContain(key.slice(16));
      seen.push(...page.keys);
      cursor = page.nextCursor;
    }
    expect(seen.map(({ name }) => name)).toEqual(['key 4', 'key 3', 'key 2', 'key 1', 'key 0']);
    expect(seen[0]).toMatchObject({ createdBy: 'mallory', owner: { kind: 'person', subject: 'mallory' } });
    const [first] = all as [Made];
    for (const answer of [
      await service.request('DELETE', `/v1/keys/${first.id}`, { token: eve }),
      await service.request('DELETE', '/v1/keys/%00', { token: eve }),
    ])
      expect(answer.status).toBe(404);
    expect(await keysOf(eve)).toEqual([]);
    expect((await keysOf(ada, '?kind=tenant')).every(({ owner }) => owner.tenant?.startsWith('ada'))).toBe(
      true,
    );
    expect((await keysOf(ada, '?tenant=adaaaaa1')).map(({ owner }) => owner.tenant)).toContain('adaaaaa1');
  });

  test('that are revoked are answered 401 by the next request', async () => {
    const { key, id } = await made({ scopes: ['tenants:read'] }, ada);
    expect((await get('/v1/tenants', key)).status).toBe(200);
    expect((await service.request('DELETE', `/v1/keys/${id}`, { token: ada })).body).toMatchObject({ id });
    expect(await get('/v1/tenants', key)).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated', detail: 'The API key is not valid.' },
    });
    expect((await service.request('DELETE', `/v1/keys/${id}`, { token: ada })).status).toBe(404);
  });

  test('that have expired say so', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const { key, id } = await made({ scopes: ['tenants:read'], expiresAt: soon }, ada);
    await service.database.query(
      "update tenantry.api_key set expires_at = now() - interval '1 s' where id = $1",
      [id],
    );
    expect(await get('/v1/tenants', key)).toMatchObject({
      status: 401,
      body: { detail: 'The API key has expired.' },
    });
  });

  test('never stand in the log', async () => {
    const { key } = await made({ scopes: ['tenants:read'] }, ada);
    await get('/v1/tenants', key);
    expect(service.log()).not.toContain(key.slice(16));
  });

  test('are refused beyond a number of live ones for each owner, also when they are made at once', async () => {
    const insert = (owner: string, count: number, expired: boolean) =>
      service.database.query(
        `insert into tenantry.api_key (id, secret_sha256, name, owner_kind, subject, scopes, expires_at)
         select substr(md5($1 || n || $3::boolean), 1, 12), sha256('x'), 'a key', 'person', $1, '{tenants:read}',
           case when $3::boolean then now() - interval '1 s' end
         from generate_series(1, $2) n`,
        [owner, count, expired],
      );
    await insert('max', maxKeys - 1, false);
    await insert('max', 5, true);
    const max = await service.identity.token('max');
    const answers = await Promise.all([1, 2, 3].map(() => create({ scopes: ['tenants:read'] }, max)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'limit_reached',
      detail: `There are ${maxKeys} live API keys of this owner already: revoke one first.`,
    });
    const [key] = await keysOf(max, '?state=live&limit=1');
    // Another owner's number is another.
    await made({ owner: { kind: 'service', product: 'browsers' }, scopes: ['tenants:read'] });
    await service.request('DELETE', `/v1/keys/${key?.id}`, { token: max });
    await made({ scopes: ['tenants:read'] }, max);
  });
});
