import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { createCheckout, createTenantryClient, listProducts } from '../../../api/client/index.ts';
import { defaultRetry, retryAfterMs, retryWaitMs } from '../../../api/client/retry.ts';
import { listening } from './server.ts';

const quick = { firstWaitMs: 1 };
const body = { product: 'workspace', plan: 'byoc' } as const;

/** A service that answers these statuses in turn, and keeps answering the last one. */
async function answering(...answers: (number | Record<string, string>)[]) {
  const requests: { body: string; atMs: number }[] = [];
  const app = new Hono().all('*', async (c) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? 200;
    requests.push({ body: await c.req.text(), atMs: performance.now() });
    const [status, headers] = typeof answer === 'number' ? [answer, {}] : [503, answer];
    return new Response('{}', { status, headers: { 'content-type': 'application/json', ...headers } });
  });
  return { requests, baseUrl: await listening(app) };
}

describe('what may be sent twice', () => {
  test.each([408, 429, 502, 503, 504])('is sent again after %i', async (status) => {
    const { requests, baseUrl } = await answering(status, status, 200);
    await listProducts({ client: createTenantryClient({ baseUrl, retry: quick }) });
    expect(requests).toHaveLength(3);
  });

  test.each([400, 401, 403, 404, 409, 500])('is not sent again after %i', async (status) => {
    const { requests, baseUrl } = await answering(status);
    const client = createTenantryClient({ baseUrl, retry: quick });
    await expect(listProducts({ client })).rejects.toMatchObject({ status });
    expect(requests).toHaveLength(1);
  });

  test('is given up after the tries that are allowed, with the last answer', async () => {
    const { requests, baseUrl } = await answering(503);
    const client = createTenantryClient({ baseUrl, retry: { ...quick, retries: 4 } });
    await expect(listProducts({ client })).rejects.toMatchObject({ status: 503 });
    expect(requests).toHaveLength(5);
  });

  test('is sent again when nobody was there', async () => {
    let tries = 0;
    const { baseUrl } = await answering(200);
    const client = createTenantryClient({
      baseUrl,
      retry: quick,
      fetch: (...args) => (++tries < 3 ? Promise.reject(new TypeError('fetch failed')) : fetch(...args)),
    });
    await listProducts({ client });
    expect(tries).toBe(3);
  });

  test('waits as long as the service asks', async () => {
    const { requests, baseUrl } = await answering({ 'retry-after': '1' }, 200);
    await listProducts({ client: createTenantryClient({ baseUrl, retry: quick }) });
    expect((requests[1]?.atMs ?? 0) - (requests[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('is not kept waiting longer than the policy allows: the refusal says how long it would be', async () => {
    const { requests, baseUrl } = await answering({ 'retry-after': '3600' });
    const client = createTenantryClient({ baseUrl, retry: quick });
    await expect(listProducts({ client })).rejects.toMatchObject({ status: 503, retryAfterMs: 3_600_000 });
    expect(requests).toHaveLength(1);
  });

  test('waits no longer once it is aborted', async () => {
    const { requests, baseUrl } = await answering({ 'retry-after': '9' });
    const ending = new AbortController();
    const client = createTenantryClient({
      baseUrl,
      fetch: async (...args) => {
        const answer = await fetch(...args);
        setTimeout(() => ending.abort(), 5);
        return answer;
      },
    });
    await expect(listProducts({ client, signal: ending.signal })).rejects.toBeDefined();
    expect(requests).toHaveLength(1);
  });
});

test('a POST is sent once, and as often as a GET when it has a key', async () => {
  const without = await answering(503);
  const client = createTenantryClient({ baseUrl: without.baseUrl, retry: quick });
  await expect(createCheckout({ client, body })).rejects.toMatchObject({ status: 503 });
  expect(without.requests).toHaveLength(1);

  const withKey = await answering(503, 503, 201);
  await createCheckout({
    client: createTenantryClient({ baseUrl: withKey.baseUrl, retry: quick }),
    body,
    headers: { 'Idempotency-Key': 'order-1' },
  });
  expect(withKey.requests.map((request) => JSON.parse(request.body))).toEqual([body, body, body]);
});

test('waits grow and are not the same for all', () => {
  const waits = (tried: number) =>
    Array.from({ length: 200 }, () => retryWaitMs({ error: new Error() }, tried, defaultRetry) ?? -1);
  expect(Math.max(...waits(0))).toBeLessThanOrEqual(200);
  expect(Math.max(...waits(3))).toBeGreaterThan(800);
  expect(Math.max(...waits(30))).toBeLessThanOrEqual(10_000);
  expect(new Set(waits(1)).size).toBeGreaterThan(100);
});

test.each([
  ['7', 7000],
  ['Mon, 30 Nov 2026 12:00:05 GMT', 5000],
  ['Mon, 30 Nov 2026 11:00:00 GMT', 0],
  ['soon', undefined],
])('Retry-After %j is %s ms', (value, ms) => {
  expect(retryAfterMs(new Headers({ 'retry-after': value }), Date.parse('2026-11-30T12:00:00Z'))).toBe(ms);
});
