import { readFileSync } from 'node:fs';
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

/*
 * Every list of the API is cut into pages, sorted and filtered in the same way. The lists are those of the OpenAPI document,
 * so that a new one is held to it, too; docs/api.md has the table of their filters.
 */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly enum?: readonly string[]; readonly default?: unknown };
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
  '/readyz',
  '/healthz',
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
    await database.query(
      `insert into tenantry.reservation (id, tenant_id, key, request, micro_units, estimated_cost_micros, created_at,
         expires_at)
       values ('res_' || repeat($1, 24), 'listlis1', 'key-' || $1, '{}', 1, 0, '2026-01-01', now() + interval '1 hour')`,
      [`${n}`],
    );
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

/** The rows of a list, so many at a time. */
async function rowsBy({ path, rows }: List, limit: string, query: Record<string, string>) {
  const found: unknown[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await page(path, { ...query, limit, ...(cursor !== '' && { cursor }) });
    expect([path, query, status]).toEqual([path, query, 200]);
    expect(body[rows]?.length).toBeLessThanOrEqual(Number(limit));
    found.push(...(body[rows] ?? []).map(withoutAge));
    cursor = body.nextCursor;
  }
  return found;
}

/** A row without what grows from one answer to the next. */
function withoutAge(row: unknown): unknown {
  const { ageSeconds: _, ...rest } = row as { readonly ageSeconds?: number };
  return rest;
}

/** Parameters that say how rows are shown; all others of a list say which. */
const presentation = ['limit', 'cursor', 'sort', 'format'];
const queryOf = ({ parameters }: List) => parameters.filter((parameter) => parameter.in === 'query');
const filtersOf = (list: List) => queryOf(list).filter(({ name }) => !presentation.includes(name));
const sortsOf = (list: List) => queryOf(list).find(({ name }) => name === 'sort')?.schema.enum ?? [];

describe('every list', () => {
  test('is one of these: what answers with rows is asked for page by page', () => {
    // What ends in an id answers with one thing.
    expect(unpaged.filter((path) => !path.endsWith('}') && !whole.includes(path))).toEqual([]);
    expect(lists.length).toBeGreaterThan(10);
  });

  test('is asked with the same limit and cursor, and sorted by keys of its own', () => {
    const [first] = lists;
    const asked = ({ parameters }: List) =>
      parameters.filter(({ name }) => name === 'limit' || name === 'cursor');
    expect(first && asked(first).map(({ name }) => name)).toEqual(['limit', 'cursor']);
    for (const list of lists) {
      expect([list.path, asked(list)]).toEqual([list.path, first && asked(first)]);
      const sort = queryOf(list).find(({ name }) => name === 'sort');
      expect([list.path, sort?.schema.default]).toEqual([list.path, sort?.schema.enum?.[0] ?? 'a key']);
    }
  });

  test('gives the same rows one by one as all at once, however they are sorted', async () => {
    for (const list of lists) {
      const sorted = new Map<string, unknown[]>();
      for (const sort of sortsOf(list)) {
        const all = await rowsBy(list, '200', { sort });
        expect([list.path, all.length]).toEqual([list.path, Math.max(3, all.length)]);
        expect([list.path, sort, await rowsBy(list, '1', { sort })]).toEqual([list.path, sort, all]);
        sorted.set(sort, all);
      }
      expect(await rowsBy(list, '200', {})).toEqual(sorted.values().next().value);
      for (const [sort, all] of sorted) {
        const other = sorted.get(sort.startsWith('-') ? sort.slice(1) : `-${sort}`);
        if (other) expect([list.path, sort, other]).toEqual([list.path, sort, all.toReversed()]);
      }
    }
  });

  test('refuses what is not a cursor of its own, by name and never with a 500', async () => {
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const decoded = (cursor: string) =>
      JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, unknown, unknown];
    const broken: string[] = [
      'nonsense',
      '\0',
      'W10',
      encoded(['x', '2026-01-01T00:00:00.000Z', 'a']),
      encoded({ length: 3 }),
      '%',
      'é'.repeat(1000),
    ];
    const own = new Map<string, string>();
    for (const { path } of lists) {
      const { nextCursor } = (await page(path, { limit: '1' })).body;
      if (nextCursor !== null) own.set(path, nextCursor);
    }
    expect(own.size).toBe(lists.length);
    for (const { path } of lists) {
      const others = [...own].flatMap(([of, cursor]) => (of === path ? [] : [cursor]));
      const [name, value, id] = decoded(own.get(path) ?? '');
      const forged = ['a\0', -1, 1e30, 1.5, null, [], {}].flatMap((wrong) => [
        encoded([name, wrong, id]),
        encoded([name, value, wrong]),
      ]);
      if (typeof value === 'string' && /^\d{4}-/.test(value))
        forged.push(encoded([name, '0000-01-01T00:00:00.000Z', id]));
      forged.push(encoded([name, value]), encoded([name, value, id, id]));
      for (const cursor of [...broken, ...others, ...forged]) {
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

  test('refuses a filter that it does not have, and names those that it has', async () => {
    for (const list of lists) {
      for (const name of ['nonsense', 'Limit', 'phase ', '__proto__', 'a\0']) {
        const { status, body } = await page(list.path, { [name]: 'x' });
        const known = queryOf(list)
          .map((parameter) => parameter.name)
          .join(', ');
        expect([list.path, status, body]).toMatchObject([
          list.path,
          400,
          { errors: [{ field: name, message: `is no parameter of this list, which has ${known}` }] },
        ]);
      }
    }
  });

  test('refuses values that a filter does not have, and names those that it has', async () => {
    for (const list of lists) {
      for (const { name, schema } of queryOf(list)) {
        for (const value of ['\0', 'no\0thing'])
          expect([list.path, name, await page(list.path, { [name]: value })]).toMatchObject([
            list.path,
            name,
            { status: 400, body: { errors: [{ field: name }] } },
          ]);
        if (schema.enum === undefined) continue;
        const { status, body } = await page(list.path, { [name]: 'nonsense' });
        expect([list.path, name, status]).toEqual([list.path, name, 400]);
        for (const value of schema.enum)
          expect((body as unknown as { detail: string }).detail).toContain(value);
      }
    }
    expect((await page('/v1/tenants', { product: 'nonsense' })).body).toMatchObject({
      detail: expect.stringContaining('browsers'),
    });
  });

  test('stands in the table of docs/api.md with its filters and what it is sorted by', () => {
    const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
    const rows = lists.map(
      (list) =>
        `| \`GET ${list.path}\` | ${code(filtersOf(list).map(({ name }) => name))} | ${code(sortsOf(list))} |`,
    );
    const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
    const documented = text.split('\n').filter((line) => /^\| `GET [^|]+ \|[^|]*\|[^|]*\|$/.test(line));
    expect(documented.sort()).toEqual(rows.sort());
  });
});

/** What a row is known by. */
function idOf(row: unknown): string {
  const { id, tenantId, tenant, callId } = row as Record<string, string | number | undefined>;
  return String(id ?? tenantId ?? tenant ?? callId);
}

describe('every filter of every list', () => {
  /** By list and filter, a value and the rows that it finds. */
  let examples: Readonly<Record<string, Readonly<Record<string, readonly [string, readonly unknown[]]>>>>;

  beforeAll(async () => {
    const { database } = service;
    const inserted = async (sql: string, values: readonly unknown[] = []): Promise<string> => {
      const { rows } = await database.query<{ id: string | number }>(`${sql} returning id`, [...values]);
      return String(rows[0]?.id);
    };
    const odd = await addTenant(database, {
      id: 'oddtena1',
      owner: 'odd',
      product: 'inbox',
      plan: 'starter',
      subscriptionId: 'sub_odd',
      set: { phase: 'failed' },
    });
    await database.query(
      `update tenantry.subscription set status = 'past_due', product = 'inbox', plan = 'starter', customer_id = 'cus_odd',
         checkout_id = 'co_odd' where id = 'sub_odd'`,
    );
    await database.query(
      `insert into tenantry.organization (id, name, slug, customer_id)
       values ('org_oddoddoddoddoddo', 'Odd', 'odd', 'cus_odd')`,
    );
    await putMember(database, 'org_oddoddoddoddoddo', { email: null, subject: 'operator' }, 'admin');

    const ended = await addTenant(database, { id: 'oddtena2', product: 'browsers', plan: 'professional' });
    await database.query(
      `insert into tenantry.offboarding (tenant_id, cell, begun_at, finished_at)
       values ($1, 'local', '2026-01-01', null), ($2, 'local', '2026-01-01', now())`,
      [odd.id, ended.id],
    );

    const finding = (key: string, more: string) =>
      inserted(
        `insert into tenantry.finding (key, area, kind, subject, tenant_id, cause, state, first_seen_at, last_seen_at, ended_at)
         values ($1, 'money', ${more}) `,
        [key],
      );
    const healing = await finding(
      'odd1',
      `'billed-after-deletion', 'an odd thing', 'oddtena1', 'c', 'healing', now(), now(), null`,
    );
    const over = await finding('k4', `'k', 's', 'listlis1', 'c', 'waiting', now(), now(), now()`);

    const endpoint = (values: string) =>
      inserted(
        `insert into tenantry.notify_endpoint (id, url, secret, product, tenant_id, state, disabled_at) values (${values})`,
      );
    const forProduct = await endpoint(
      `'ep_oddoddoddoddodd1', 'https://odd.example/', 'whsec_x', 'inbox', null, 'enabled', null`,
    );
    const forTenant = await endpoint(
      `'ep_oddoddoddoddodd2', 'https://b.example/', 'whsec_x', null, 'oddtena1', 'disabled', now()`,
    );
    await database.query(
      `insert into tenantry.notify_event (id, type, tenant_id, at, body)
       values ('msg_odd1', 'tenant.suspended', 'oddtena1', now(), '{}'), ('msg_b', 'notifications.test', null, now(), '{}')`,
    );
    const toTenant = await inserted(
      `insert into tenantry.notify_delivery (event_id, endpoint_id, state, next_attempt_at, ended_at)
       values ('msg_odd1', $1, 'delivered', null, now())`,
      [forTenant],
    );
    const toProduct = await inserted(
      `insert into tenantry.notify_delivery (event_id, endpoint_id) values ('msg_b', $1)`,
      [forProduct],
    );

    const keyOf = async (made: Partial<Parameters<typeof createKey>[1]>) =>
      (
        await createKey(database, {
          name: 'a key',
          owner: { kind: 'tenant', tenantId: 'listlis1' },
          scopes: ['tenants:read'],
          expiresAt: null,
          createdBy: null,
          ...made,
        })
      ).key.id;
    const ofService = await keyOf({ name: 'The odd one', owner: { kind: 'service', product: 'inbox' } });
    const ofTenant = await keyOf({
      owner: { kind: 'tenant', tenantId: 'oddtena1' },
      scopes: ['notifications:write'],
      expiresAt: new Date('2026-01-01'),
    });

    const month = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() - 1, 1));
    await ensureUsagePartitions(database, month, month);
    await database.query(
      `insert into tenantry.usage_day (tenant_id, day, dimension, micro_units, billable)
       values ('oddtena1', current_date, $1, 1000000, true), ('oddtena1', $2, $1, 1000000, true)`,
      [[...prices().keys()][0], month],
    );

    await service.request('POST', '/v1/tenants/listlis1/credits/top-ups', {
      body: { cause: 'odd', amount: 5 },
    });
    const { rows: topUps } = await database.query<{ id: number }>(
      `select id from tenantry.ledger_entry where cause like '%:odd'`,
    );
    const finalExport = await inserted(
      `insert into tenantry.tenant_export (tenant_id, cell, reason) values ('listlis1', 'local', 'offboarding')`,
    );
    await database.query(
      `insert into tenantry.api_cost (tenant_id, call_id, month, at, estimate_micros, provider, operation, project)
       values ('listlis1', 'odd', date_trunc('month', now()), date_trunc('milliseconds', now()), 1, 'odd', 'odd', 'odd')`,
    );

    const settled = await inserted(
      `insert into tenantry.reservation (id, tenant_id, key, request, micro_units, meter, estimated_cost_micros, created_at,
         expires_at, outcome, settled_micro_units, closed_at)
       values ('res_' || repeat('a', 24), 'listlis1', 'Odd', '{}', 1, 'odd', 0, now(), now(), 'settled', 1, now())`,
    );

    const invoices = (await page('/v1/invoices', { limit: '200' })).body.invoices as {
      id: string;
      subscription: string;
    }[];
    const [invoice] = invoices;
    await database.query(
      `insert into tenantry.subscription (id, status, owner, customer_id)
       select $1, 'canceled', 'ada', customer_id from tenantry.organization where personal_of = 'operator'`,
      [invoice?.subscription],
    );
    const personal = await database.query<{ id: string }>(
      `select id from tenantry.organization where personal_of = 'operator'`,
    );
    await record(database, { tenantId: 'listlis1', kind: 'odd.kind', message: 'An odd thing' });
    const trail = (await page('/v1/tenants/listlis1/timeline', { limit: '200' })).body.entries ?? [];
    const [beforeLast, last] = trail.slice(-2).map(idOf) as [string, string];

    const oddTenant = {
      q: ['ODDTENA1', [odd.id]],
      product: ['inbox', [odd.id]],
      plan: ['starter', [odd.id]],
    } as const;
    examples = {
      '/v1/tenants': { ...oddTenant, phase: ['failed', [odd.id]], checkout: ['co_odd', [odd.id]] },
      '/v1/offboardings': { ...oddTenant, phase: ['failed', [odd.id]], state: ['finished', [ended.id]] },
      '/v1/subscriptions': {
        q: ['Sub_Odd', ['sub_odd']],
        product: ['inbox', ['sub_odd']],
        plan: ['starter', ['sub_odd']],
        status: ['past_due', ['sub_odd']],
        organization: ['org_oddoddoddoddoddo', ['sub_odd']],
      },
      '/v1/organizations': {
        q: ['ODD', ['org_oddoddoddoddoddo']],
        role: ['admin', [personal.rows[0]?.id, 'org_oddoddoddoddoddo']],
      },
      '/v1/findings': {
        q: ['odd thing', [healing]],
        product: ['inbox', [healing]],
        kind: ['billed-after-deletion', [healing]],
        state: ['healing', [healing]],
        tenant: ['oddtena1', [healing]],
        ended: ['true', [over]],
      },
      '/v1/notifications/endpoints': {
        q: ['Odd.example', [forProduct]],
        product: ['inbox', [forProduct]],
        tenant: ['oddtena1', [forTenant]],
        state: ['disabled', [forTenant]],
      },
      '/v1/notifications': {
        q: ['MSG_odd', [toTenant]],
        product: ['inbox', [toProduct]],
        tenant: ['oddtena1', [toTenant]],
        endpoint: [forTenant, [toTenant]],
        state: ['delivered', [toTenant]],
        type: ['tenant.suspended', [toTenant]],
      },
      '/v1/keys': {
        q: ['ODD one', [ofService]],
        product: ['inbox', [ofService]],
        tenant: ['oddtena1', [ofTenant]],
        kind: ['service', [ofService]],
        scope: ['notifications:write', [ofTenant]],
        state: ['expired', [ofTenant]],
      },
      '/v1/usage': { ...oddTenant, month: [month.toISOString().slice(0, 7), [odd.id]] },
      '/v1/invoices': {
        organization: [personal.rows[0]?.id ?? '', invoices.map(idOf)],
        subscription: [invoice?.subscription ?? '', [invoice?.id]],
        status: ['void', []],
      },
      '/v1/tenants/{id}/credits': {
        q: ['Odd', topUps.map(idOf)],
        kind: ['top_up', topUps.map(idOf)],
      },
      '/v1/tenants/{id}/timeline': {
        q: ['an ODD', [last]],
        kind: ['odd', [last]],
        after: [beforeLast, [last]],
      },
      '/v1/tenants/{id}/exports': {
        reason: ['offboarding', [finalExport]],
        state: ['pending', [finalExport]],
      },
      '/v1/tenants/{id}/reservations': {
        q: ['oDD', [settled]],
        meter: ['odd', [settled]],
        state: ['settled', [settled]],
      },
      '/v1/tenants/{id}/api-costs': {
        q: ['Odd', ['odd']],
        provider: ['odd', ['odd']],
        operation: ['odd', ['odd']],
        project: ['odd', ['odd']],
        state: ['open', ['odd']],
      },
    };
  });

  test('has an example here', () => {
    const named = (of: Readonly<Record<string, object>>) =>
      Object.entries(of).map(([path, filters]) => [path, Object.keys(filters).sort()]);
    const known = lists.map((list): [string, object] => [
      list.path,
      Object.fromEntries(filtersOf(list).map(({ name }) => [name, null])),
    ]);
    expect(named(examples).sort()).toEqual(named(Object.fromEntries(known)).sort());
  });

  test('finds what it says, and nothing else', async () => {
    for (const list of lists)
      for (const [name, [value, ids]] of Object.entries(examples[list.path] ?? {})) {
        const found = (await rowsBy(list, '1', { [name]: value })).map(idOf);
        expect([list.path, name, found.sort()]).toEqual([list.path, name, ids.map(String).sort()]);
      }
  });

  test('is bound into the cursor, as the sorting is', async () => {
    for (const list of lists) {
      const { nextCursor } = (await page(list.path, { limit: '1' })).body;
      const others = [
        ...Object.entries(examples[list.path] ?? {}).map(([name, [value]]) => ({ [name]: value })),
        ...sortsOf(list)
          .slice(1)
          .map((sort) => ({ sort })),
      ];
      for (const other of others)
        expect([
          list.path,
          other,
          await page(list.path, { ...other, cursor: nextCursor ?? '' }),
        ]).toMatchObject([list.path, other, { status: 400, body: { errors: [{ field: 'cursor' }] } }]);
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
    await database.query(`update tenantry.subscription set customer_id = 'cus_find' where id = 'sub_FindMe'`);
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

  test.each(['zoe@', 'boss@findme', 'boss@findme.example'])(
    'finds nothing by the address %s for who is no operator',
    async (q) => {
      await putMember(service.database, 'org_findmefindmefind', { email: null, subject: 'mia' }, 'viewer');
      const [mia, zoe] = await Promise.all(['mia', 'auth0|Zoe'].map((who) => service.identity.token(who)));
      expect(await found({ q: 'hotel' }, mia)).toEqual(['zoeszoe1']);
      expect(await found({ q }, mia)).toEqual([]);
      expect(await found({ q }, zoe)).toEqual([]);
    },
  );

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
