import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantCredits } from '../../automation/ledger/book.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
let ada: string;
let eve: string;
beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada');
  eve = await service.identity.token('eve');
  await addTenant(service.database, {
    id: 'adabrow1',
    owner: 'ada',
    product: 'browsers',
    plan: 'professional',
  });
  await addTenant(service.database, {
    id: 'evebrow1',
    owner: 'eve',
    product: 'browsers',
    plan: 'professional',
  });
  await addTenant(service.database, { id: 'adainbo1', owner: 'ada', product: 'inbox', plan: 'starter' });
  await grantCredits(service.database, 'adabrow1', {
    cause: 'invoice:1',
    amount: 100,
    adds: false,
    spendBy: null,
  });
});
afterAll(() => service?.stop());

const post = (path: string, body: unknown, token?: string) =>
  service.request('POST', `/v1/tenants/${path}`, { body, ...(token !== undefined && { token }) });
const get = (path: string, token?: string) =>
  service.request('GET', `/v1/tenants/${path}`, token === undefined ? {} : { token });
const errorOf = (answer: { status: number; body: unknown }) => {
  const { code, errors } = answer.body as { code: string; errors?: { field: string }[] };
  return [answer.status, code, errors && [...new Set(errors.map(({ field }) => field))]];
};

describe('credits', () => {
  test('are held, captured and released once by their cause, and told in full', async () => {
    const held = await post('adabrow1/credits/holds', { cause: 's1', amount: 5 });
    expect([held.status, held.body]).toMatchObject([
      201,
      { amount: 5, repeated: false, balance: { available: 95, held: 5 } },
    ]);
    const again = await post('adabrow1/credits/holds', { cause: 's1', amount: 5 });
    expect([again.status, again.body]).toMatchObject([200, { repeated: true, balance: { available: 95 } }]);
    const taken = await post('adabrow1/credits/captures', { cause: 's1', amount: 3, hold: 's1' });
    expect([taken.status, taken.body]).toMatchObject([201, { balance: { available: 97, held: 0 } }]);
    await post('adabrow1/credits/holds', { cause: 's2', amount: 7 });
    const released = await post('adabrow1/credits/releases', { hold: 's2' });
    expect([released.status, released.body]).toMatchObject([201, { amount: 7, balance: { available: 97 } }]);
    const topped = await post('adabrow1/credits/top-ups', { cause: 't1', amount: 10 });
    expect([topped.status, topped.body]).toMatchObject([201, { balance: { available: 107 } }]);

    const first = (await get('adabrow1/credits?limit=4', ada)).body as {
      balance: unknown;
      lots: { kind: string }[];
      entries: { id: number; kind: string }[];
      nextCursor: string;
    };
    expect(first.balance).toEqual({ available: 107, held: 0, overshoot: 0 });
    expect(first.lots.map(({ kind }) => kind).sort()).toEqual(['plan', 'top_up']);
    const rest = (await get(`adabrow1/credits?limit=100&cursor=${first.nextCursor}`, ada))
      .body as typeof first;
    expect([...first.entries, ...rest.entries].map(({ kind }) => kind)).toEqual(
      ['grant', 'hold', 'capture', 'release', 'hold', 'release', 'top_up'].reverse(),
    );
    expect(rest.nextCursor).toBeNull();
  });

  test.each([
    ['a negative amount', { cause: 'x', amount: -1 }, ['amount']],
    ['zero', { cause: 'x', amount: 0 }, ['amount']],
    ['a fraction', { cause: 'x', amount: 1.5 }, ['amount']],
    ['an overflow', { cause: 'x', amount: 1_000_000_001 }, ['amount']],
    ['what no double holds', '{"cause":"x","amount":9007199254740993}', ['amount']],
    ['infinity', '{"cause":"x","amount":1e999}', ['amount']],
    ['text', { cause: 'x', amount: '5' }, ['amount']],
    ['nothing', { cause: 'x' }, ['amount']],
    ['a cause of nothing', { cause: '', amount: 1 }, ['cause']],
    ['a cause with a NUL', { cause: 'a\u0000', amount: 1 }, ['cause']],
    ['a cause that is too long', { cause: 'x'.repeat(201), amount: 1 }, ['cause']],
    ['an unknown field', { cause: 'x', amount: 1, tenant: 'evebrow1' }, ['tenant']],
  ])('refuse %s and name the field', async (_what, body, fields) => {
    for (const path of ['holds', 'captures', 'top-ups']) {
      expect(errorOf(await post(`adabrow1/credits/${path}`, body))).toEqual([400, 'invalid_request', fields]);
    }
  });

  test.each([
    ['holds', { cause: 'much', amount: 1000 }, 402, 'insufficient_credits'],
    ['captures', { cause: 'much', amount: 1000 }, 402, 'insufficient_credits'],
    ['captures', { cause: 'other', amount: 1, hold: 'nobody' }, 404, 'not_found'],
    ['captures', { cause: 's1', amount: 4, hold: 's1' }, 409, 'cause_reused'],
    ['captures', { cause: 'late', amount: 1, hold: 's1' }, 409, 'hold_closed'],
    ['releases', { hold: 's1' }, 409, 'hold_closed'],
    ['top-ups', { cause: 'old', amount: 1, expiresAt: '2020-01-01T00:00:00Z' }, 400, 'invalid_request'],
  ])('%s of %o answer %s %s', async (path, body, status, code) => {
    const before = (await get('adabrow1/credits')).text;
    const answer = await post(`adabrow1/credits/${path}`, body);
    expect(errorOf(answer).slice(0, 2)).toEqual([status, code]);
    expect((await get('adabrow1/credits')).text).toBe(before);
  });

  test.each([
    ['holds', { cause: 'res_1', amount: 1 }, ['cause']],
    ['captures', { cause: 'res_1', amount: 1 }, ['cause']],
    ['captures', { cause: 'mine', amount: 1, hold: 'res_1' }, ['hold']],
    ['releases', { hold: 'res_1' }, ['hold']],
    ['releases', { hold: 's1', cause: 'res_1' }, ['cause']],
    ['top-ups', { cause: 'res_1', amount: 1 }, ['cause']],
  ])('leave what a reservation set aside alone: %s of %o', async (path, body, fields) => {
    const answer = await post(`adabrow1/credits/${path}`, body);
    expect(errorOf(answer)).toEqual([400, 'invalid_request', fields]);
    expect((answer.body as { detail: string }).detail).toContain('settle or release the reservation');
  });

  test('of metered work note what went beyond', async () => {
    await post('evebrow1/credits/top-ups', { cause: 't', amount: 2 });
    const answer = await post('evebrow1/credits/captures', { cause: 'm', amount: 5, metered: true });
    expect(answer.body).toMatchObject({ amount: 5, overshoot: 3, balance: { available: 0 } });
    expect((await get('evebrow1/credits', eve)).body).toMatchObject({ balance: { overshoot: 3 } });
  });

  test('of a product without them are refused', async () => {
    expect(errorOf(await post('adainbo1/credits/top-ups', { cause: 'x', amount: 1 })).slice(0, 2)).toEqual([
      409,
      'no_credits',
    ]);
  });
});

describe('a tenant', () => {
  test.each([
    ['GET', 'credits', undefined],
    ['GET', 'budget', undefined],
    ['GET', 'api-costs', undefined],
    ['PUT', 'budget', { kind: 'api', capMicros: 1 }],
    ['POST', 'credits/holds', { cause: 'x', amount: 1 }],
    ['POST', 'credits/captures', { cause: 'x', amount: 1 }],
    ['POST', 'credits/releases', { hold: 'x' }],
    ['POST', 'credits/top-ups', { cause: 'x', amount: 1 }],
    ['POST', 'api-costs', { callId: 'x', provider: 'p', costMicros: 1 }],
  ])('%s of somebody else’s %s looks like one that is not there', async (method, path, body) => {
    const foreign = await service.request(method, `/v1/tenants/evebrow1/${path}`, { token: ada, body });
    const missing = await service.request(method, `/v1/tenants/zzzzzzz1/${path}`, { token: ada, body });
    expect([foreign.status, foreign.body]).toMatchObject([404, { code: 'not_found' }]);
    expect(foreign.text.replace('evebrow1', 'zzzzzzz1')).toBe(missing.text);
    expect(
      (await service.request(method, `/v1/tenants/evebrow1/${path}`, { token: null, body })).status,
    ).toBe(401);
  });

  test.each([
    ['credits/holds', { cause: 'x', amount: 1 }],
    ['credits/captures', { cause: 'x', amount: 1 }],
    ['credits/releases', { hold: 'x' }],
    ['credits/top-ups', { cause: 'x', amount: 1 }],
    ['api-costs', { callId: 'x', provider: 'p', costMicros: 1 }],
  ])('cannot change its own %s', async (path, body) => {
    expect((await post(`adabrow1/${path}`, body, ada)).status).toBe(403);
  });
});

describe('budgets', () => {
  type Budgets = { budgets: Record<string, unknown>[] };
  const apiBudget = async () => ((await get('adainbo1/budget', ada)).body as Budgets).budgets[0];

  test('count calls, refuse what the month does not allow, and show each', async () => {
    expect(await apiBudget()).toMatchObject({ kind: 'api', limitMicros: 20_000_000, spentMicros: 0 });
    const call = { callId: 'c1', provider: 'anthropic', operation: 'classify', project: 'p1' };
    const asked = await post('adainbo1/api-costs', { ...call, estimateMicros: 5_000_000 });
    expect([asked.status, asked.body]).toMatchObject([
      201,
      { repeated: false, budget: { reservedMicros: 5_000_000, remainingMicros: 15_000_000 } },
    ]);
    const refused = await post('adainbo1/api-costs', { ...call, callId: 'c2', estimateMicros: 15_000_001 });
    expect(errorOf(refused)).toEqual([402, 'budget_exhausted', ['estimateMicros']]);
    const settled = await post('adainbo1/api-costs', { ...call, costMicros: 1_234_567 });
    expect(settled.body).toMatchObject({ budget: { spentMicros: 1_234_567, reservedMicros: 0, calls: 1 } });
    expect((await post('adainbo1/api-costs', { ...call, costMicros: 1_234_567 })).status).toBe(200);
    expect(errorOf(await post('adainbo1/api-costs', { ...call, costMicros: 1 }))).toEqual([
      409,
      'cause_reused',
      ['callId'],
    ]);
    expect((await get('adainbo1/api-costs', ada)).body).toMatchObject({
      days: [{ costMicros: 1_234_567, calls: 1 }],
      calls: [{ callId: 'c1', costMicros: 1_234_567, project: 'p1' }],
      nextCursor: null,
    });
  });

  test('pages through calls', async () => {
    for (const callId of ['p1', 'p2', 'p3'])
      await post('adainbo1/api-costs', { callId, provider: 'p', costMicros: 1 });
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer = await get(`adainbo1/api-costs?limit=1${cursor && `&cursor=${cursor}`}`, ada);
      const page = answer.body as { calls: { callId: string }[]; nextCursor: string | null };
      ids.push(...page.calls.map(({ callId }) => callId));
      cursor = page.nextCursor;
    }
    expect(ids).toEqual(['p3', 'p2', 'p1', 'c1']);
    expect(errorOf(await get('adainbo1/api-costs?cursor=nonsense', ada))).toEqual([
      400,
      'invalid_request',
      ['cursor'],
    ]);
  });

  test.each([
    ['both figures', { estimateMicros: 1, costMicros: 1 }, ['costMicros']],
    ['no figure', {}, ['costMicros']],
    ['a negative cost', { costMicros: -1 }, ['costMicros']],
    ['a fraction', { costMicros: 0.5 }, ['costMicros']],
    ['an overflow', { costMicros: 100_000_000_001 }, ['costMicros']],
    ['a negative estimate', { estimateMicros: -1 }, ['estimateMicros']],
    ['a provider with a line break', { costMicros: 1, provider: 'a\nb' }, ['provider']],
    ['the call of a reservation', { costMicros: 1, callId: 'res_1' }, ['callId']],
    ['the call of a reservation', { estimateMicros: 1, callId: 'res_1' }, ['callId']],
  ])('refuse %s and name the field', async (_what, figures, fields) => {
    const answer = await post('adainbo1/api-costs', { callId: 'bad', provider: 'p', ...figures });
    expect(errorOf(answer)).toEqual([400, 'invalid_request', fields]);
  });

  test('take a lower cap from the owner, and a higher limit from operators only', async () => {
    const put = (body: unknown, token?: string) =>
      service.request('PUT', '/v1/tenants/adainbo1/budget', { body, ...(token !== undefined && { token }) });
    expect((await put({ kind: 'api', capMicros: 3_000_000 }, ada)).status).toBe(200);
    expect(await apiBudget()).toMatchObject({ limitMicros: 3_000_000, planMicros: 20_000_000 });
    expect((await put({ kind: 'api', capMicros: 90_000_000 }, ada)).status).toBe(200);
    expect(await apiBudget()).toMatchObject({ limitMicros: 20_000_000 });
    expect((await put({ kind: 'api', agreedMicros: 90_000_000 }, ada)).status).toBe(403);
    expect((await put({ kind: 'api', agreedMicros: 90_000_000, capMicros: null })).status).toBe(200);
    expect(await apiBudget()).toMatchObject({ limitMicros: 90_000_000 });
    for (const capMicros of [-1, 1.5, 100_000_000_000_001])
      expect(errorOf(await put({ kind: 'api', capMicros }, ada))).toEqual([
        400,
        'invalid_request',
        ['capMicros'],
      ]);
  });
});
