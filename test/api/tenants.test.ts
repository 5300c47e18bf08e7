import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantView } from '../../api/contract/tenant.ts';
import { record } from '../../automation/store/audit.ts';
import { type Service, startService } from '../support/service.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';

/** What is kept of a container's key. */
const apiKey = { id: 'adaaaaa1-key', sha256: 'a'.repeat(64) };

let service: Service;
let ada: string;
let eve: string;

beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada');
  eve = await service.identity.token('eve');
  const { database } = service;
  const minute = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, n));
  const active = activeColumns('beta-user-adaaaaa1');
  await addTenant(database, {
    id: 'adaaaaa1',
    owner: 'ada',
    subscriptionId: 'sub_ada1',
    createdAt: minute(1),
    set: { ...active, outputs: { ...(active.outputs as object), apiKey }, cause: 'the operator’s words' },
  });
  await addTenant(database, {
    id: 'adaaaaa2',
    owner: 'ada',
    product: 'inbox',
    plan: 'starter',
    createdAt: minute(2),
  });
  await addTenant(database, { id: 'eveeeee1', owner: 'eve', createdAt: minute(3) });
  await addTenant(database, { id: 'slotttt1', owner: null, slot: true, createdAt: minute(4) });
  await database.query(
    `update tenantry.subscription set status = 'active', checkout_id = 'co_ada', owner = 'ada' where id = 'sub_ada1'`,
  );
  await record(
    database,
    {
      tenantId: null,
      subscriptionId: 'sub_ada1',
      kind: 'event.received',
      message: 'before there was a tenant',
    },
    { tenantId: 'adaaaaa1', kind: 'tenant.created', message: 'Tenant requested' },
    { tenantId: 'adaaaaa1', kind: 'operation.cause', message: 'internals', audience: 'operator' },
    { tenantId: 'eveeeee1', kind: 'tenant.created', message: 'of Eve' },
  );
});
afterAll(() => service?.stop());

const get = (path: string, token?: string) =>
  service.request('GET', path, token === undefined ? {} : { token });
const ids = (answer: { body: unknown }) =>
  (answer.body as { tenants: TenantView[] }).tenants.map(({ id }) => id);

describe('a tenant', () => {
  test('sees its own tenants, newest first, and no others', async () => {
    const answer = await get('/v1/tenants', ada);
    expect(answer.status).toBe(200);
    expect(ids(answer)).toEqual(['adaaaaa2', 'adaaaaa1']);
    expect(ids(await get('/v1/tenants', eve))).toEqual(['eveeeee1']);
    expect(ids(await get('/v1/tenants', await service.identity.token('nobody')))).toEqual([]);
  });

  test('sees its own in full, without what is for operators', async () => {
    const answer = await get('/v1/tenants/adaaaaa1', ada);
    expect(answer.body).toMatchObject({
      id: 'adaaaaa1',
      owner: 'ada',
      phase: 'active',
      desired: { state: 'active', plan: 'byoc', generation: 1 },
      observed: { generation: 1 },
      subscription: { id: 'sub_ada1', status: 'active', cancelAtPeriodEnd: false },
      outputs: { namespace: 'beta-user-adaaaaa1' },
    });
    expect(answer.text).not.toContain('operator');
    expect(Object.keys(answer.body)).not.toContain('cause');
    const timeline = await get('/v1/tenants/adaaaaa1/timeline', ada);
    expect((timeline.body as { entries: { kind: string }[] }).entries.map(({ kind }) => kind)).toEqual([
      'event.received',
      'tenant.created',
    ]);
  });

  test('shows nobody what is kept of the key of its container', async () => {
    for (const path of ['/v1/tenants/adaaaaa1', '/v1/tenants'])
      for (const token of [ada, undefined]) {
        const answer = await get(path, token);
        expect(answer.text).toContain('"serviceUrl":"http://workspace.beta-user-adaaaaa1');
        for (const hidden of ['apiKey', apiKey.id, apiKey.sha256]) expect(answer.text).not.toContain(hidden);
      }
  });

  test.each([
    ['GET', ''],
    ['GET', '/timeline'],
    ['GET', '/access'],
    ['GET', '/events'],
    ['POST', '/retry'],
  ])('%s of somebody else’s%s looks exactly like one that is not there', async (method, path) => {
    const foreign = await service.request(method, `/v1/tenants/eveeeee1${path}`, { token: ada });
    const missing = await service.request(method, `/v1/tenants/zzzzzzz1${path}`, { token: ada });
    expect([foreign.status, foreign.body]).toMatchObject([404, { code: 'not_found' }]);
    expect(foreign.text.replace('eveeeee1', 'zzzzzzz1')).toBe(missing.text);
  });

  test('cannot set somebody else’s tenant going again', async () => {
    const before = await service.database.query(
      "select desired_generation from tenantry.tenant where id = 'eveeeee1'",
    );
    await service.request('POST', '/v1/tenants/eveeeee1/retry', { token: ada });
    const after = await service.database.query(
      "select desired_generation from tenantry.tenant where id = 'eveeeee1'",
    );
    expect(after.rows).toEqual(before.rows);
  });

  test('finds by a checkout only what is its own', async () => {
    expect(ids(await get('/v1/tenants?checkout=co_ada', ada))).toEqual(['adaaaaa1']);
    expect(ids(await get('/v1/tenants?checkout=co_ada', eve))).toEqual([]);
  });

  test('is told by a checkout why it led to none, and nobody else is', async () => {
    await service.database.query(
      `insert into tenantry.subscription (id, owner, customer_id, checkout_id, status, problem)
       values ('sub_odd', 'ada', 'cus_odd', 'co_odd', 'active', 'no plan of the catalog has the price price_odd')`,
    );
    const reasonOf = async (token: string) => (await get('/v1/tenants?checkout=co_odd', token)).body;
    expect(await reasonOf(ada)).toEqual({
      tenants: [],
      nextCursor: null,
      reason: {
        code: 'cannot_be_set_up',
        message: expect.stringMatching(/cannot be set up yet: no plan .* price_odd\. Nothing is lost/),
      },
    });
    const nothing = { tenants: [], nextCursor: null };
    expect(await reasonOf(eve)).toEqual(nothing);
    // Stripe is asked again, which the customer need not know.
    await service.database.query(`update tenantry.subscription set attempts = 1 where id = 'sub_odd'`);
    expect(await reasonOf(ada)).toEqual(nothing);
  });

  test('never sees a slot that nobody has', async () => {
    expect((await get('/v1/tenants/slotttt1', ada)).status).toBe(404);
  });
});

describe('an operator', () => {
  test('sees every tenant with an owner, its cause and every entry', async () => {
    expect(ids(await get('/v1/tenants'))).toEqual(['eveeeee1', 'adaaaaa2', 'adaaaaa1']);
    expect((await get('/v1/tenants/adaaaaa1')).body).toMatchObject({ cause: 'the operator’s words' });
    const timeline = await get('/v1/tenants/adaaaaa1/timeline');
    expect(timeline.text).toContain('internals');
  });

  test('filters by product and phase', async () => {
    expect(ids(await get('/v1/tenants?product=inbox'))).toEqual(['adaaaaa2']);
    expect(ids(await get('/v1/tenants?phase=active'))).toEqual(['adaaaaa1']);
    expect(ids(await get('/v1/tenants?product=inbox&phase=active'))).toEqual([]);
  });

  test('pages through all of them, missing and repeating none, also those of the same instant', async () => {
    const at = new Date(Date.UTC(2025, 0, 1));
    const same = ['sameeee1', 'sameeee2', 'sameeee3', 'sameeee4', 'sameeee5'];
    for (const id of same) await addTenant(service.database, { id, owner: 'grace', createdAt: at });
    const token = await service.identity.token('grace');
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const answer = await get(`/v1/tenants?limit=2${cursor && `&cursor=${cursor}`}`, token);
      seen.push(...ids(answer));
      const { nextCursor } = answer.body as { nextCursor: string | null };
      if (nextCursor === null) break;
      cursor = nextCursor;
    }
    expect(seen).toEqual([...same].reverse());
  });
});

describe('another try', () => {
  test('forgets the failure, rings and says who asked', async () => {
    const tenant = await addTenant(service.database, {
      owner: 'ada',
      set: {
        phase: 'failed',
        permanent: true,
        attempts: 5,
        next_try_at: new Date(Date.now() + 60_000),
        reason_code: 'name_conflict',
      },
    });
    const answer = await service.request('POST', `/v1/tenants/${tenant.id}/retry`, { token: ada });
    expect([answer.status, answer.body]).toMatchObject([202, { id: tenant.id, nextTryAt: null }]);
    const { rows } = await service.database.query(
      'select permanent, attempts, next_try_at from tenantry.tenant where id = $1',
      [tenant.id],
    );
    expect(rows).toEqual([{ permanent: false, attempts: 0, next_try_at: null }]);
    const jobs = await service.database.query(
      'select task_identifier from graphile_worker.jobs where key = $1',
      [`converge-tenant:${tenant.id}`],
    );
    expect(jobs.rows).toEqual([{ task_identifier: 'converge-tenant:local' }]);
    const timeline = await get(`/v1/tenants/${tenant.id}/timeline`, ada);
    expect(timeline.body).toMatchObject({
      entries: [{ kind: 'tenant.retry', message: 'The owner asked for another try', data: { by: 'ada' } }],
    });
  });

  test('of a settled tenant raises its generation, so that everything is applied anew', async () => {
    const tenant = await addTenant(service.database, { owner: 'ada', set: activeColumns('x') });
    const answer = await service.request('POST', `/v1/tenants/${tenant.id}/retry`);
    expect(answer.body).toMatchObject({ desired: { generation: 2 }, observed: { generation: 1 } });
    expect((await get(`/v1/tenants/${tenant.id}/timeline`)).text).toContain('An operator asked');
  });

  test('is told to the tenant without which operator asked, and work without where it is done; operators read both', async () => {
    const { id } = await addTenant(service.database, { owner: 'ada' });
    await record(service.database, {
      tenantId: id,
      kind: 'operation.started',
      message: 'Update began',
      data: { operation: 'up', worker: 'host-7:123' },
    });
    await service.request('POST', `/v1/tenants/${id}/retry`);
    const read = async (token?: string) =>
      ((await get(`/v1/tenants/${id}/timeline`, token)).body as { entries: { data: object }[] }).entries.map(
        ({ data }) => data,
      );
    expect(await read(ada)).toEqual([{ operation: 'up' }, {}]);
    expect(await read()).toEqual([{ operation: 'up', worker: 'host-7:123' }, { operator: 'operator' }]);
  });

  test('of a tenant that is deleted and gone does not bring it back', async () => {
    const tenant = await addTenant(service.database, {
      owner: 'ada',
      set: {
        ...activeColumns('x'),
        phase: 'deleted',
        desired_state: 'deleted',
        observed_state: 'deleted',
        outputs: null,
      },
    });
    const answer = await service.request('POST', `/v1/tenants/${tenant.id}/retry`, { token: ada });
    expect(answer.body).toMatchObject({ desired: { state: 'deleted', generation: 1 } });
  });
});

describe('access', () => {
  const access = async (set: Readonly<Record<string, unknown>>) => {
    const tenant = await addTenant(service.database, {
      owner: 'ada',
      set: { ...activeColumns('beta-user-x'), ...set },
    });
    return get(`/v1/tenants/${tenant.id}/access`, ada);
  };

  test('to an active tenant says where it is', async () => {
    const answer = await access({});
    expect([answer.status, answer.body]).toMatchObject([
      200,
      {
        namespace: 'beta-user-x',
        serviceUrl: 'http://workspace.beta-user-x.svc.cluster.local',
        // Nobody watches this cell.
        health: { state: 'unknown', wanted: null, ready: null, lookedAt: null },
      },
    ]);
  });

  describe('while somebody watches what runs', () => {
    const seen = async (state: string, ready: number, seenAt = 'now()') => {
      const tenant = await addTenant(service.database, {
        owner: 'ada',
        set: activeColumns('beta-user-x'),
      });
      await service.database.query(
        `insert into tenantry.tenant_health (tenant_id, state, message, wanted, ready, sizes)
         values ($1, $2, 'Because.', 1, $3, '[]')`,
        [tenant.id, state, ready],
      );
      await service.database.query(
        `insert into tenantry.cell_watch values ('local', ${seenAt}) on conflict (cell) do update set seen_at = excluded.seen_at`,
      );
      return tenant.id;
    };
    afterAll(() => service.database.query('delete from tenantry.cell_watch'));

    test('is granted with what runs', async () => {
      const answer = await get(`/v1/tenants/${await seen('running', 1)}/access`, ada);
      expect([answer.status, answer.body]).toMatchObject([200, { health: { state: 'running', ready: 1 } }]);
    });

    test.each(['starting', 'image', 'quota', 'refused', 'crash', 'unschedulable'])(
      'is answered 409 with the reason when nothing runs (%s)',
      async (state) => {
        const id = await seen(state, 0);
        const answer = await get(`/v1/tenants/${id}/access`, ada);
        expect([answer.status, answer.body]).toMatchObject([
          409,
          { code: 'not_ready', detail: 'Nothing of the tenant runs. Because.' },
        ]);
        expect((await get(`/v1/tenants/${id}`, ada)).body).toMatchObject({
          phase: 'active',
          health: { state, wanted: 1, ready: 0, message: 'Because.', lookedAt: null },
        });
      },
    );

    test('is granted while it is idle, as its first session wakes it', async () => {
      expect((await get(`/v1/tenants/${await seen('none_wanted', 0)}/access`, ada)).status).toBe(200);
    });

    test('is granted when nobody has watched for a while, and says since when', async () => {
      const id = await seen('crash', 0, `now() - interval '2 min'`);
      const answer = await get(`/v1/tenants/${id}/access`, ada);
      expect([answer.status, answer.body]).toMatchObject([
        200,
        { health: { state: 'unknown', ready: null, lookedAt: expect.any(String) } },
      ]);
    });
  });

  test('goes on while an update fails or is retried', async () => {
    expect((await access({ phase: 'failed', reason_code: 'capacity', reason_message: 'full' })).status).toBe(
      200,
    );
    expect((await access({ phase: 'updating' })).status).toBe(200);
  });

  test.each([
    ['payment_overdue', /overdue/],
    ['payment_failed', /Payment failed/],
    ['subscription_paused', /paused/],
    ['subscription_ended', /ended/],
  ])(
    'to a suspended tenant is answered 402 with the reason (%s), before compute is at zero',
    async (reason, says) => {
      for (const phase of ['active', 'suspending', 'suspended']) {
        const answer = await access({ desired_state: 'suspended', suspend_reason: reason, phase });
        expect([answer.status, answer.body]).toMatchObject([
          402,
          { code: 'suspended', detail: expect.stringMatching(says) },
        ]);
      }
    },
  );

  test('says why it is suspended also while suspending fails', async () => {
    const answer = await access({
      desired_state: 'suspended',
      suspend_reason: 'payment_failed',
      phase: 'failed',
      reason_code: 'unreachable',
      reason_message: 'The platform could not be reached. We keep trying.',
    });
    expect([answer.status, answer.body]).toMatchObject([
      402,
      { detail: expect.stringMatching(/Payment failed/) },
    ]);
  });

  test.each([
    ['is new', { phase: 'pending', observed_state: null, outputs: null, observed_generation: 0 }],
    ['resumes', { phase: 'updating', observed_state: 'suspended', desired_generation: 2 }],
    ['is being deleted', { phase: 'deleting', desired_state: 'deleted' }],
  ])('to a tenant that %s is answered 409', async (_name, set) => {
    const answer = await access(set);
    expect([answer.status, answer.body]).toMatchObject([409, { code: 'not_ready' }]);
  });
});

describe('hostile input', () => {
  const names: Record<string, string> = {
    'a path': '../../etc/passwd',
    '300 characters': 'a'.repeat(300),
    '10,000 characters': 'a'.repeat(10_000),
    'another script': 'ünïcode-名',
    SQL: "a' or 1=1; drop table tenantry.tenant; --",
    YAML: 'a: &x [*x]\n- b',
    'a NUL': 'a\u0000b',
    'control characters': '\u0001\u001b[31m',
    'half an escape': '%',
    HTML: '<script>alert(1)</script>',
  };
  const escaped = (name: string) => (name === '%' ? '%' : encodeURIComponent(name));

  test.each(Object.entries(names))('(%s) as an id is a 404 or a 400, never a 500', async (_name, value) => {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/timeline'],
      ['GET', '/access'],
      ['GET', '/events'],
      ['POST', '/retry'],
    ] as const) {
      const answer = await service.request(method, `/v1/tenants/${escaped(value)}${path}`);
      expect([400, 404]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.text.length).toBeLessThan(1000);
    }
  });

  test.each(Object.entries(names))(
    '(%s) in a query is a clear 400 naming the field, or finds nothing',
    async (_name, value) => {
      for (const field of ['cursor', 'product', 'phase', 'limit']) {
        const answer = await get(`/v1/tenants?${field}=${escaped(value)}`);
        expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field }] }]);
      }
      const found = await get(`/v1/tenants?checkout=${escaped(value)}`);
      if (found.status === 200) expect(ids(found)).toEqual([]);
      else expect([found.status, found.body]).toMatchObject([400, { errors: [{ field: 'checkout' }] }]);
      const after = await get(`/v1/tenants/adaaaaa1/timeline?after=${escaped(value)}`);
      expect([after.status, after.body]).toMatchObject([400, { errors: [{ field: 'after' }] }]);
    },
  );

  const cursors = [
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T00:00:00.000Z a\u0000b',
    '+275760-09-13T00:00:00.000Z aaaaaaa1',
    '-000001-01-01T00:00:00.000Z aaaaaaa1',
    "2026-01-01T00:00:00.000Z ' or 1=1",
    '1 1',
  ];
  test.each(cursors)('(a made-up cursor of %j) is a clear 400', async (cursor) => {
    const answer = await get(`/v1/tenants?cursor=${Buffer.from(cursor).toString('base64url')}`);
    expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'cursor' }] }]);
  });

  test.each(['0', '-1', '201', '1e9', '2.5', 'NaN', '99999999999999999999'])(
    '(a limit of %s) is a clear 400',
    async (limit) => {
      const answer = await get(`/v1/tenants?limit=${limit}`);
      expect([answer.status, answer.body]).toMatchObject([
        400,
        { errors: expect.arrayContaining([expect.objectContaining({ field: 'limit' })]) },
      ]);
    },
  );

  test.each(['-1', '1.5', 'NaN', 'Infinity', '1e400', '99999999999999999999', '0x10x', "1' or 1=1"])(
    '(a Last-Event-ID of %s) is a clear 400',
    async (id) => {
      const answer = await service.request('GET', '/v1/tenants/adaaaaa1/events', {
        headers: { 'last-event-id': id },
      });
      expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'Last-Event-ID' }] }]);
    },
  );

  test('the same field twice is a clear 400', async () => {
    const answer = await get('/v1/tenants?limit=1&limit=2');
    expect([200, 400]).toContain(answer.status);
  });

  test('an address that does not exist is a problem of its own', async () => {
    for (const path of [
      '/v1/nothing',
      '/v1/tenants/adaaaaa1/nothing',
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/package.json',
    ]) {
      const answer = await get(path);
      expect([answer.status, answer.body]).toMatchObject([404, { code: 'not_found' }]);
    }
  });

  test('left every table where it was', async () => {
    expect((await get('/v1/tenants/adaaaaa1')).status).toBe(200);
  });
});
