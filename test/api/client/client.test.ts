import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createTenantryClient, getTenant, listProducts, retryTenant } from '../../../api/client/index.ts';
import { listening } from './server.ts';

const once = { retries: 0 };

test('a problem is told by its code, its detail and the fields at fault', async () => {
  const problem = {
    type: 'urn:tenantry:problem:name_taken',
    title: 'The name is taken',
    status: 409,
    detail: 'slug: the name acme is taken; choose another.',
    code: 'name_taken',
    errors: [{ field: 'slug', message: 'is taken' }],
  };
  const app = new Hono().get('/v1/products', (c) =>
    c.json(problem, 409, { 'content-type': 'application/problem+json' }),
  );
  const client = createTenantryClient({ baseUrl: await listening(app), retry: once });
  await expect(listProducts({ client })).rejects.toMatchObject({
    name: 'TenantryError',
    message: problem.detail,
    status: 409,
    code: 'name_taken',
    title: problem.title,
    errors: problem.errors,
  });
});

test.each([
  ['an empty answer', '', 'text/plain', 502],
  ['a page of a proxy', '<h1>Bad gateway</h1>', 'text/html', 502],
  ['half a problem', '{"code":17,"title":null}', 'application/json', 502],
])('of %s the status is what there is to tell', async (_, body, type, status) => {
  const app = new Hono().get(
    '/v1/products',
    () => new Response(body, { status, headers: { 'content-type': type } }),
  );
  const client = createTenantryClient({ baseUrl: await listening(app), retry: once });
  await expect(listProducts({ client })).rejects.toMatchObject({
    status: 502,
    code: 'http_502',
    message: 'Bad Gateway',
  });
});

test.each([
  ['a page', '<h1>Sign in</h1>', 'text/html; charset=utf-8'],
  ['no JSON where JSON is said', '{"products":', 'application/json'],
])('a success that is %s is no answer of the API', async (_, body, type) => {
  const app = new Hono().get('/v1/products', () => new Response(body, { headers: { 'content-type': type } }));
  const client = createTenantryClient({ baseUrl: await listening(app) });
  await expect(listProducts({ client })).rejects.toMatchObject({
    status: 200,
    code: 'unexpected_answer',
    message: expect.stringContaining('/v1/products answered something unexpected'),
  });
});

test('nobody there, and nobody who answers in time, are told apart', async () => {
  const nobody = createTenantryClient({ baseUrl: 'http://127.0.0.1:1', retry: once });
  await expect(listProducts({ client: nobody })).rejects.toMatchObject({ status: 0, code: 'unreachable' });
  const app = new Hono().get('/v1/products', () => new Promise<Response>(() => {}));
  const slow = createTenantryClient({ baseUrl: await listening(app), timeoutMs: 50, retry: once });
  await expect(listProducts({ client: slow })).rejects.toMatchObject({
    status: 0,
    code: 'timeout',
    message: 'The service did not answer within 0.05 s.',
  });
});

test('a signal that aborts rejects with its reason', async () => {
  const app = new Hono().get('/v1/products', () => new Promise<Response>(() => {}));
  const client = createTenantryClient({ baseUrl: await listening(app) });
  const reason = new Error('not wanted any more');
  const ending = new AbortController();
  const asked = listProducts({ client, signal: ending.signal });
  ending.abort(reason);
  await expect(asked).rejects.toBe(reason);
});

test('a token is sent where one is asked for, and asked for anew with every request', async () => {
  const seen: (string | undefined)[] = [];
  const app = new Hono().all('*', (c) => {
    seen.push(c.req.header('authorization'));
    return c.json({});
  });
  let token: string | undefined;
  const client = createTenantryClient({ baseUrl: `${await listening(app)}/`, token: () => token });
  await getTenant({ client, path: { id: 'abcd1234' } });
  token = 'of ada';
  await getTenant({ client, path: { id: 'abcd1234' } });
  await listProducts({ client });
  expect(seen).toEqual([undefined, 'Bearer of ada', undefined]);
});

test('what stands in a path stays in its place', async () => {
  const seen: string[] = [];
  const app = new Hono().all('*', (c) => {
    seen.push(new URL(c.req.url).pathname);
    return c.json({});
  });
  const client = createTenantryClient({ baseUrl: await listening(app) });
  await retryTenant({ client, path: { id: 'a/../b?c#d' } });
  expect(seen).toEqual(['/v1/tenants/a%2F..%2Fb%3Fc%23d/retry']);
});

test.each(['', '.', '..'])('a path is never left by %j', async (id) => {
  let asked = 0;
  const app = new Hono().all('*', (c) => {
    asked += 1;
    return c.json({});
  });
  const client = createTenantryClient({ baseUrl: await listening(app) });
  await expect(getTenant({ client, path: { id } })).rejects.toMatchObject({
    code: 'invalid_request',
    message: 'path.id: must not be empty or dots.',
  });
  expect(asked).toBe(0);
});
