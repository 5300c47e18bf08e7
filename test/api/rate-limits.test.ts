import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Principal } from '../../api/principal.ts';
import { createRateLimits, requestsPerMinute } from '../../api/rate-limits.ts';
import { createKey } from '../../automation/keys/index.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

const person = (subject: string): Principal => ({
  kind: 'person',
  subject,
  email: null,
  organization: null,
  customers: new Map(),
  validUntil: null,
});
const few = { ...requestsPerMinute, person: 3 };

describe('a limit', () => {
  test('lets so many requests of a minute pass, and says when it is whole again', async () => {
    const limits = createRateLimits(few);
    const seen = [];
    for (let n = 0; n < 4; n += 1) seen.push(await limits.consume(person('ada')));
    expect(seen.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
    ]);
    expect(seen.at(-1)?.resetSeconds).toBeGreaterThan(0);
    expect(seen.at(-1)?.resetSeconds).toBeLessThanOrEqual(60);
  });

  test('is each principal’s own', async () => {
    const limits = createRateLimits({ ...few, apiKey: 3, operator: 3 });
    for (let n = 0; n < 3; n += 1) await limits.consume(person('ada'));
    const others: Principal[] = [
      person('eve'),
      { kind: 'operator', subject: 'ada', email: null, organization: null, validUntil: null },
      {
        kind: 'apiKey',
        keyId: 'ada',
        scopes: new Set(),
        validUntil: null,
        owner: { kind: 'tenant', tenantId: 'x' },
      },
    ];
    for (const other of others) expect(await limits.consume(other)).toMatchObject({ allowed: true });
    expect(await limits.consume(person('ada'))).toMatchObject({ allowed: false });
  });

  test('is higher for whoever asks for all tenants', () => {
    const { person: one, apiKey, service: application, operator } = requestsPerMinute;
    expect(Math.min(application, operator)).toBeGreaterThan(Math.max(one, apiKey));
  });
});

describe('an answer', () => {
  test('says the limit and what is left of it, also when it is a refusal', async () => {
    const token = await service.identity.token('ada');
    for (const [path, status] of [
      ['/v1/tenants', 200],
      ['/v1/tenants/zzzzzzz1', 404],
      ['/v1/figures', 403],
      ['/v1/tenants?limit=0', 400],
    ] as const) {
      const answer = await service.request('GET', path, { token });
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.get('ratelimit-policy')).toBe('"person";q=1200;w=60');
      expect(answer.headers.get('ratelimit')).toMatch(/^"person";r=\d+;t=\d+$/);
    }
  });

  test('beyond the limit is a 429 that says when to ask again, and others are answered meanwhile', async () => {
    const { text } = await createKey(service.database, {
      name: 'busy',
      owner: { kind: 'person', subject: 'bob' },
      scopes: ['tenants:read'],
      expiresAt: null,
      createdBy: 'bob',
    });
    const ask = () => service.request('GET', '/v1/tenants', { token: text });
    const statuses = new Map<number, number>();
    for (let n = 0; n < requestsPerMinute.apiKey; n += 50)
      for (const { status } of await Promise.all(Array.from({ length: 50 }, ask)))
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect([...statuses.keys()]).toEqual([200]);
    const refused = await ask();
    expect([refused.status, refused.body]).toMatchObject([429, { code: 'rate_limited' }]);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toMatch(/^"apiKey";r=0;t=\d+$/);
    expect((await service.request('GET', '/v1/tenants')).status).toBe(200);
  });

  test('to Stripe and to probes is never limited, nor counted', async () => {
    for (const [method, path] of [
      ['GET', '/healthz'],
      ['GET', '/readyz'],
      ['GET', '/metrics'],
      ['POST', '/webhooks/stripe'],
    ] as const) {
      const answer = await service.request(method, path, { token: null });
      expect(answer.headers.get('ratelimit')).toBeNull();
    }
  });
});
