import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Gauge } from 'prom-client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { people } from '../../api/access.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { actorOf } from '../../api/principal.ts';
import { type ApiService, createRoute, createRouter, z } from '../../api/router.ts';
import { mountServices } from '../../api/services.ts';
import { findProduct, type Product } from '../../tenants/catalog/index.ts';
import { type Service, startService } from '../support/service.ts';

/** What the API does with a service, which it knows only by the contract. */

const product = { ...findProduct('agents'), id: 'lectures' } as unknown as Product;
const answer = {
  200: {
    description: 'How often it was greeted',
    content: { 'application/json': { schema: z.object({ subject: z.string(), greetings: z.number() }) } },
  },
};
const greet = createRoute({
  method: 'post',
  path: '/v1/lectures/greetings',
  operationId: 'greet',
  tags: ['Lectures'],
  access: people,
  request: {
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ name: z.string().min(1) }) } },
    },
  },
  responses: answer,
});

let folder: string;
let service: Service;
let lectures: ApiService;

beforeAll(async () => {
  folder = await mkdtemp(join(inject('runDir'), 'lectures-'));
  await writeFile(join(folder, '0001_greeting.sql'), 'create table greeting (name text not null);');
  await writeFile(
    join(folder, 'page.ts'),
    'export function mount(element: object): void { void element; }\n',
  );
  lectures = {
    product,
    migrations: folder,
    page: join(folder, 'page.ts'),
    metrics: (registry, { database, process }) => {
      new Gauge({
        name: 'lectures_greetings',
        help: 'Greetings',
        labelNames: ['process'],
        registers: [registry],
        async collect() {
          const { rowCount } = await database.query('select from greeting');
          this.set({ process }, rowCount ?? 0);
        },
      });
    },
    routes: {
      add: (router, { database }) => {
        router.openapi(greet, async (c) => {
          await database.query('insert into greeting values ($1)', [c.req.valid('json').name]);
          const { rowCount } = await database.query('select from greeting');
          return c.json({ subject: actorOf(c.get('principal')), greetings: rowCount ?? 0 }, 200);
        });
      },
    },
  };
  service = await startService({}, [lectures]);
});
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

const post = (body: unknown, token?: string | null) =>
  service.request('POST', '/v1/lectures/greetings', { body, ...(token !== undefined && { token }) });

describe('a service’s routes', () => {
  test('answer behind the authentication, over the tables that its migrations made', async () => {
    expect((await post({ name: 'Ada' }, null)).status).toBe(401);
    const ada = await service.identity.token('ada', 'tenant');
    expect((await post({ name: 'Ada' }, ada)).body).toEqual({ subject: 'ada', greetings: 1 });
  });

  test('parse what comes in, and stand in the document of the API', async () => {
    const refused = await post({ nam: 'Ada' });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'name' }, { field: 'nam' }],
    });
    const { body } = await service.request('GET', '/openapi.json');
    expect((body as { paths: object }).paths).toHaveProperty('/v1/lectures/greetings');
  });

  test('keep to the product’s own paths', () => {
    const withPath = (path: string, paths?: string[]): ApiService => ({
      product,
      routes: {
        ...(paths && { paths }),
        add: (router) => {
          const route = createRoute({ method: 'get', path, access: people, responses: answer });
          router.openapi(route, (c) => c.json({ subject: '', greetings: 0 }, 200));
        },
      },
    });
    const mount = (...services: ApiService[]) => {
      const app = createRouter();
      app.get('/v1/tenants/:id', (c) => c.text(''));
      mountServices(app, { services } as unknown as ApiDeps);
      return app.routes.map(({ path }) => path);
    };
    expect(() => mount(withPath('/v1/tenants/mine'))).toThrow(
      'The service lectures: /v1/tenants/mine lies outside of /v1/lectures.',
    );
    expect(() => mount(withPath('/v1/tenants/mine', ['/v1/tenants']))).toThrow(
      'The service lectures: /v1/tenants belongs to the control plane.',
    );
    expect(() => mount(withPath('/lectures', ['/lectures']))).toThrow(
      'The service lectures: /lectures must begin with /v1/ and a name.',
    );
    const other = {
      ...withPath('/v1/lectures/x', ['/v1/lectures']),
      product: { ...product, id: 'other' as never },
    };
    expect(() => mount(lectures, other)).toThrow('The service other: /v1/lectures belongs to lectures.');
    expect(mount(withPath('/v1/talks/today', ['/v1/talks']))).toContain('/v1/talks/today');
  });
});

test('a service’s route that does not say who may use it keeps the API from starting', () => {
  const app = createRouter();
  const adding = (add: (router: ReturnType<typeof createRouter>) => void) => () =>
    mountServices(app, { services: [{ product, routes: { add } }] } as unknown as ApiDeps);
  const why = 'The service lectures: /v1/lectures/x does not say who may use it';
  expect(adding((router) => router.get('/v1/lectures/x', (c) => c.text('')))).toThrow(why);
  expect(adding((router) => router.all('/v1/lectures/x', (c) => c.text('')))).toThrow(why);
  expect(
    adding((router) => router.openapi({ ...greet, access: undefined } as never, (c) => c.text('') as never)),
  ).toThrow('POST /v1/lectures/greetings does not say who may use it');
});

describe('a service’s other parts in the API', () => {
  test('metrics are shown with those of the process', async () => {
    expect((await service.request('GET', '/metrics')).text).toMatch(
      /^lectures_greetings\{process="api"\} \d/m,
    );
  });

  test('the page part is named to the page, and served as JavaScript', async () => {
    const { body } = await service.request('GET', '/v1/config', { token: null });
    expect(body).toMatchObject({ parts: { lectures: '/parts/lectures.js' } });
    const part = await service.request('GET', '/parts/lectures.js', { token: null });
    expect(part.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(part.text).toMatch(/^export function mount\(element\s*\)\s*\{/);
    expect((await service.request('GET', '/parts/agents.js', { token: null })).status).toBe(404);
  });
});
