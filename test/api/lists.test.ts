import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantView } from '../../api/contract/tenant.ts';
import { createKey } from '../../automation/keys/index.ts';
import { grantCredits } from '../../automation/ledger/book.ts';
import { prices } from '../../automation/metering/dimensions.ts';
import { ensureUsagePartitions } from '../../automation/metering/usage-roll-up.ts';
import { emitTest, insertEndpoint } from '../../automation/notify/index.ts';
import { putMember } from '../../automation/organizations/organizations.ts';
import { record } from '../../automation/store/audit.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

/* Every list of the API is cut into pages in the same way. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: object;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface List {
  readonly path: string;
  /** Of the answer, the field with the rows. */
  readonly rows: string;
  readonly parameters: readonly Parameter[];
}

/** Answers with arrays that are no lists of rows: they are whole by nature. */
const whole = [
  '/v1/products',
  '/v1/receipt-keys',
  '/v1/figures',
  '/v1/figures/mrr',
  '/v1/figures/overview',
  '/v1/reconciliation',
  '/v1/onboardings',
  '/v1/tenants/{id}/budget',
  '/v1/tenants/{id}/entitlements',
  '/v1/tenants/{id}/offboarding',
  '/v1/tenants/{id}/statement',
  '/v1/tenants/{id}/usage',
];

let service: Service;
let lists: readonly List[];
let unpaged: readonly string[];

beforeAll(async () => {
  service = await startService();
  const { database } = service;
  const document = (await service.request('GET', '/openapi.json', { token: null })).body as {
    paths: Record<string, { get?: Operation }>;
    components: { schemas: Record<string, Schema> };
  };
  const resolved = (schema: Schema): Schema =>
    schema.$ref ? (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema;
  const answers = Object.entries(document.paths).flatMap(([path, { get }]) => {
    const schema = get?.responses['200']?.content?.['application/json']?.schema;
    const properties = schema && resolved(schema).properties;
    const arrays = Object.entries(properties ?? {}).filter(([, { type }]) => [type].flat().includes('array'));
    return get && properties && arrays.length > 0
      ? [{ path, properties, arrays: arrays.map(([name]) => name), parameters: get.parameters ?? [] }]
      : [];
  });
  unpaged = answers.filter(({ properties }) => !('nextCursor' in properties)).map(({ path }) => path);
  lists = answers
    .filter(({ properties }) => 'nextCursor' in properties)
    .map(({ path, arrays, parameters }) => ({
      path,
      parameters,
      rows: arrays.find((name) => path.endsWith(name)) ?? rowsOf[path] ?? arrays[0] ?? '',
    }));

  await ensureUsagePartitions(database, new Date(), new Date());
  // Three rows of everything.
  for (const n of [1, 2, 3]) {
    await database.query('insert into tenantry.subscription (id, status, owner) values ($1, $2, $3)', [
      `sub_${n}`,
      'active',
      'ada',
    ]);
    const tenant = await addTenant(database, {
      id: `listlis${n}`,
      owner: 'ada',
      product: 'browsers',
      plan: 'professional',
      subscriptionId: `sub_${n}`,
      // In one instant, where a cut could miss or repeat some.
      createdAt: new Date('2026-01-01T00:00:00Z'),
    });
    await record(database, { tenantId: 'listlis1', kind: 'k', message: `${n}` });
    await grantCredits(database, 'listlis1', { cause: `i:${n}`, amount: n, adds: true, spendBy: null });
    await service.request('POST', '/v1/tenants/listlis1/api-costs', {
      body: { callId: `c${n}`, provider: 'p', costMicros: 1 },
    });
    await database.query(
      `insert into tenantry.finding (key, area, kind, subject, cause, state, first_seen_at, last_seen_at)
       values ($1, 'money', 'k', 's', 'c', 'waiting', now(), now())`,
      [`k${n}`],
    );
    await database.query(
      `insert into tenantry.tenant_export (tenant_id, cell, reason, finished_at) values ('listlis1', 'local', 'request', now())`,
    );
    await database.query(
      `insert into tenantry.offboarding (tenant_id, cell, begun_at) values ($1, 'local', '2026-01-01')`,
      [tenant.id],
    );
    const endpoint = await insertEndpoint(database, {
      url: 'https://93.184.216.34/',
      description: null,
      scope: { kind: 'all' },
      events: ['notifications.test'],
      email: null,
    });
    await emitTest(database, endpoint?.endpoint.id ?? '');
    await createKey(database, {
      name: `${n}`,
      owner: { kind: 'tenant', tenantId: 'listlis1' },
      scopes: ['tenants:read'],
      expiresAt: null,
      createdBy: null,
    });
    await database.query(
      `insert into tenantry.usage_day (tenant_id, day, dimension, micro_units, billable)
       values ($1, current_date, $2, 1000000, true)`,
      [tenant.id, [...prices().keys()][0]],
    );
    await database.query(`insert into tenantry.organization (id, name, slug) values ($1, $2, $2)`, [
      `org_${`${n}`.repeat(16)}`,
      `org${n}`,
    ]);
    await putMember(database, `org_${`${n}`.repeat(16)}`, { email: null, subject: 'operator' }, 'viewer');
    const opened = await service.request('POST', '/v1/checkout', {
      body: { product: 'browsers', plan: 'starter' },
    });
    service.simulator.payCheckout(/cs_\w+/.exec((opened.body as { url: string }).url)?.[0] ?? '');
  }
});
afterAll(() => service?.stop());

const rowsOf: Readonly<Record<string, string>> = {
  '/v1/tenants/{id}/credits': 'entries',
  '/v1/tenants/{id}/timeline': 'entries',
  '/v1/tenants/{id}/api-costs': 'calls',
  '/v1/usage': 'tenants',
};

async function page(path: string, query: Record<string, string>) {
  const address = `${path.replace('{id}', 'listlis1')}?${new URLSearchParams(query)}`;
  const { status, body } = await service.request('GET', address);
  return { status, body: body as Record<string, unknown[]> & { nextCursor: string | null } };
}

describe('every list', () => {
  test('is one of these: what answers with rows is asked for page by page', () => {
    // What ends in an id answers with one thing.
    expect(unpaged.filter((path) => !path.endsWith('}') && !whole.includes(path))).toEqual([]);
    expect(lists.length).toBeGreaterThan(10);
  });

  test('is asked with the same limit and cursor', () => {
    const [first] = lists;
    const asked = ({ parameters }: List) =>
      parameters.filter(({ name }) => name === 'limit' || name === 'cursor');
    expect(first && asked(first).map(({ name }) => name)).toEqual(['limit', 'cursor']);
    for (const list of lists) expect([list.path, asked(list)]).toEqual([list.path, first && asked(first)]);
  });

  test('gives the same rows one by one as all at once', async () => {
    for (const { path, rows } of lists) {
      const all = await page(path, { limit: '200' });
      expect([path, all.status, all.body.nextCursor]).toEqual([path, 200, null]);
      const one: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { status, body } = await page(path, { limit: '1', ...(cursor !== '' && { cursor }) });
        expect([path, status, body[rows]?.length]).toEqual([path, 200, 1]);
        one.push(...(body[rows] ?? []));
        cursor = body.nextCursor;
      }
      expect([path, one.length]).toEqual([path, Math.max(3, one.length)]);
      expect([path, one]).toEqual([path, all.body[rows]]);
    }
  });

  test('refuses what is not a cursor of its own, by name and never with a 500', async () => {
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const cursors: string[] = [
      'nonsense',
      '\0',
      'W10',
      encoded(['tenants', '2026-01-01T00:00:00.000Z', 'a\0']),
      encoded(['tenants', '0000-01-01T00:00:00.000Z', 'a']),
      encoded(['findings', -1]),
      encoded(['findings', 1e30]),
      encoded(['findings', 'x']),
      encoded({ length: 3 }),
      '%',
      'é'.repeat(1000),
    ];
    const own = new Map<string, string>();
    for (const { path } of lists) {
      const { nextCursor } = (await page(path, { limit: '1' })).body;
      if (nextCursor !== null) own.set(path, nextCursor);
    }
    for (const { path } of lists) {
      const others = [...own].flatMap(([of, cursor]) => (of === path ? [] : [cursor]));
      for (const cursor of [...cursors, ...others]) {
        const answer = await page(path, { cursor });
        expect([path, cursor, answer.status, answer.body]).toMatchObject([
          path,
          cursor,
          400,
          { code: 'invalid_request', errors: [{ field: 'cursor' }] },
        ]);
      }
    }
  });

  test('gives 1 to 200 rows at once, 50 unless asked', async () => {
    for (const { path, parameters } of lists) {
      for (const limit of ['0', '201', '1.5', 'x', '-1'])
        expect([path, limit, (await page(path, { limit })).status]).toEqual([path, limit, 400]);
      const { schema } = parameters.find(({ name }) => name === 'limit') ?? {};
      expect([path, schema]).toMatchObject([path, { minimum: 1, maximum: 200, default: 50 }]);
    }
  });
});

describe('the list of tenants', () => {
  const found = async (query: Record<string, string>, token?: string) =>
    (
      (
        await service.request('GET', `/v1/tenants?${new URLSearchParams({ limit: '200', ...query })}`, {
          ...(token !== undefined && { token }),
        })
      ).body as { tenants: TenantView[] }
    ).tenants.map(({ id }) => id);

  beforeAll(async () => {
    const { database } = service;
    await database.query(
      `insert into tenantry.organization (id, name, slug, customer_id, billing_email)
       values ('org_findmefindmefind', 'Findme', 'findme', 'cus_find', 'Boss@Findme.example')`,
    );
    await putMember(
      database,
      'org_findmefindmefind',
      { email: 'zoe@findme.example', subject: 'auth0|Zoe' },
      'admin',
    );
    const findme = await addTenant(database, {
      id: 'zoeszoe1',
      owner: 'auth0|Zoe',
      product: 'stream',
      plan: 'professional',
      slug: 'grand-hotel',
      subscriptionId: 'sub_FindMe',
    });
    await database.query(
      `update tenantry.tenant set desired_spec = jsonb_set(desired_spec, '{billingAccount}', '"cus_find"') where id = $1`,
      [findme.id],
    );
    await addTenant(database, { id: 'zoeszoe2', owner: 'yan', slug: 'a%b_c' });
  });

  test.each([
    ['the beginning of the id', 'ZOESZOE1'],
    ['a part of the slug', 'HOTEL'],
    ['the owner', 'auth0|zoe'],
    ['an e-mail address of the owner', 'zoe@findme'],
    ['an e-mail address of the organization that pays', 'boss@findme.example'],
    ['the subscription', 'sub_findme'],
  ])('finds one by %s', async (_what, q) => {
    expect(await found({ q })).toEqual(['zoeszoe1']);
  });

  test.each([
    ['what matches nothing', 'nothing-of-the-kind', []],
    ['wildcards of SQL, which mean themselves', '%b_', ['zoeszoe2']],
    ['a quote', "'", []],
  ])('by %s', async (_what, q, ids) => {
    expect(await found({ q })).toEqual(ids);
  });

  test('refuses a NUL by name', async () => {
    const answer = await service.request('GET', '/v1/tenants?q=%00');
    expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'q' }] }]);
  });

  test('finds nothing of others, whatever is looked for', async () => {
    expect(await found({ q: 'zoe' }, await service.identity.token('eve'))).toEqual([]);
    expect(await found({ q: 'zoe' }, await service.identity.token('auth0|Zoe'))).toEqual(['zoeszoe1']);
  });

  test('is filtered by product, plan and phase together', async () => {
    expect(await found({ product: 'stream', plan: 'professional', phase: 'pending' })).toEqual(['zoeszoe1']);
    expect(await found({ product: 'stream', plan: 'starter' })).toEqual([]);
    expect(await found({ plan: 'professional', q: 'listlis' })).toHaveLength(3);
  });

  test('is sorted as asked, also across pages, and a cursor is of one order only', async () => {
    const bySlug = await found({ sort: 'slug' });
    expect(await found({ sort: '-slug' })).toEqual([...bySlug].reverse());
    expect(await found({ sort: 'createdAt' })).toEqual([...(await found({}))].reverse());
    for (const sort of ['slug', '-slug', 'createdAt', '-createdAt']) {
      const seen: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body } = await page('/v1/tenants', { limit: '2', sort, ...(cursor !== '' && { cursor }) });
        seen.push(...(body.tenants ?? []).map((tenant) => (tenant as TenantView).id));
        cursor = body.nextCursor;
      }
      expect(seen).toEqual(await found({ sort }));
    }
    const { nextCursor } = (await page('/v1/tenants', { limit: '1', sort: 'slug' })).body;
    expect((await page('/v1/tenants', { cursor: nextCursor ?? '' })).status).toBe(400);
    expect((await page('/v1/tenants', { sort: 'owner' })).status).toBe(400);
  });
});
