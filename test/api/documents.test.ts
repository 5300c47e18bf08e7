import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeApi } from '../../api/describe.ts';
import { createReadiness } from '../../api/readiness.ts';
import { announceWorker } from '../../automation/store/presence.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { cell, type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

const get = (path: string) => service.request('GET', path, { token: null });

interface Operation {
  responses: Record<string, { content?: Record<string, unknown>; description: string }>;
  security?: unknown[];
  parameters?: { name: string; in: string }[];
  summary?: string;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

describe('/openapi.json', () => {
  const open = [
    ['get', '/v1/products'],
    ['get', '/v1/config'],
    ['get', '/healthz'],
    ['get', '/readyz'],
    ['get', '/metrics'],
    ['post', '/webhooks/stripe'],
  ] as const;
  const guarded = [
    ['post', '/v1/checkout'],
    ['get', '/v1/tenants'],
    ['get', '/v1/tenants/{id}'],
    ['get', '/v1/tenants/{id}/timeline'],
    ['get', '/v1/tenants/{id}/events'],
    ['get', '/v1/tenants/{id}/access'],
    ['post', '/v1/tenants/{id}/retry'],
  ] as const;
  let document: Document;
  beforeAll(async () => {
    document = (await get('/openapi.json')).body;
  });

  test('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    const result = await new Validator().validate(structuredClone(document) as never);
    expect(result).toMatchObject({ valid: true });
  });

  test('is the document that the client is generated from', () => {
    expect(document).toEqual(JSON.parse(JSON.stringify(describeApi())));
  });

  test.each([...open, ...guarded])('describes %s %s', (method, path) => {
    const operation = document.paths[path]?.[method];
    expect(operation?.summary).toBeTruthy();
    expect(Object.keys(operation?.responses ?? {})).not.toEqual([]);
  });

  test.each(guarded)('%s %s asks for a token and answers problems', (method, path) => {
    const operation = document.paths[path]?.[method];
    expect(operation?.security).toEqual([{ bearer: [] }]);
    expect(Object.keys(operation?.responses.default?.content ?? {})).toEqual(['application/problem+json']);
    if (path.includes('{id}')) {
      expect(operation?.parameters).toContainEqual(expect.objectContaining({ name: 'id', in: 'path' }));
    }
  });

  test('describes no address that is not there', async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const method of Object.keys(operations)) {
        const answer = await service.request(method.toUpperCase(), path.replace('{id}', 'aaaaaaa1'), {
          token: null,
        });
        expect([path, answer.status]).not.toEqual([path, 404]);
      }
    }
  });

  test('lists all methods of an address: the others are answered 405, with those that there are', async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const described = Object.keys(operations).map((method) => method.toUpperCase());
      const allow = (described.includes('GET') ? [...described, 'HEAD'] : described).sort().join(', ');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (described.includes(method)) continue;
        const answer = await service.request(method, path.replace(/{\w+}/g, 'aaaaaaa1'));
        const told = [method, path, answer.status, answer.headers.get('allow')];
        expect(told).toEqual([method, path, 405, allow]);
        expect(answer.body).toMatchObject({ code: 'method_not_allowed', status: 405 });
      }
    }
    expect((await service.request('POST', '/nothing/here')).status).toBe(404);
  });

  test('names its schemas and the scheme of its tokens', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        'Problem',
        'Product',
        'Tenant',
        'TenantList',
        'TimelineEntry',
        'CheckoutRequest',
      ]),
    );
    expect(document.components.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    });
  });
});

describe('/docs', () => {
  test('needs nothing from elsewhere', async () => {
    const page = await get('/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(page.text).not.toMatch(/https?:\/\/|src="\/\//);
    const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      const file = await get(link);
      expect([link, file.status]).toEqual([link, 200]);
      expect(file.text.length).toBeGreaterThan(50);
      expect(file.headers.get('content-type')).toMatch(link.endsWith('.css') ? /text\/css/ : /javascript/);
    }
  });

  test('runs under its own policy: no inline script, nothing evaluated', async () => {
    const page = await get('/docs');
    expect(page.text).not.toMatch(/<script(?![^>]*src=)/);
    expect(page.text).not.toMatch(/ on\w+=/);
  });
});

describe('every answer', () => {
  test.each(['/healthz', '/v1/products', '/v1/nothing', '/docs', '/openapi.json', '/v1/tenants'])(
    '(%s) carries the security headers',
    async (path) => {
      const { headers } = await get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toBeTruthy();
      expect(headers.get('x-powered-by')).toBeNull();
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain(`connect-src 'self' ${service.identity.issuer}`);
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    },
  );

  test('shares nothing with pages of other origins', async () => {
    const answer = await service.request('GET', '/v1/products', {
      headers: { origin: 'https://evil.example' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('with somebody’s data is kept by no cache', async () => {
    const answer = await service.request('GET', '/v1/tenants');
    expect(answer.headers.get('cache-control')).toMatch(/no-store|private/);
  });
});

describe('/v1/products', () => {
  test('lists all products with all plans and prices, to everybody', async () => {
    const { products } = (await get('/v1/products')).body as {
      products: { id: string; plans: { id: string; price: { kind: string; priceCents: number | null } }[] }[];
    };
    expect(products.map(({ id }) => id)).toEqual(['workspace', 'browsers', 'inbox', 'agents', 'stream']);
    for (const [n, product] of catalog.entries()) {
      expect(products[n]?.plans.map(({ id }) => id)).toEqual(product.plans.map(({ id }) => id));
    }
    const prices = products[0]?.plans.map(({ price }) => price.priceCents);
    expect(prices).toEqual([1500, 2000]);
  });
});

describe('/v1/config', () => {
  test('tells the page how to sign in, and nothing else', async () => {
    expect((await get('/v1/config')).body).toEqual({
      issuer: service.identity.issuer,
      clientId: 'tenantry',
      audience: 'tenantry',
      scope: 'openid profile email tenant',
      local: true,
      parts: {},
    });
  });
});

describe('/healthz, /readyz and /metrics', () => {
  test('alive is alive, whatever else is wrong', async () => {
    expect((await get('/healthz')).status).toBe(200);
  });

  test('/readyz is 503 and names what is missing', async () => {
    const answer = await get('/readyz');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect([answer.status, answer.body]).toEqual([
      503,
      {
        type: 'urn:tenantry:problem:unavailable',
        title: 'A service we depend on is not available',
        status: 503,
        detail: 'worker: no worker of the cell local is at work',
        code: 'unavailable',
        ready: false,
        checks: {
          database: 'ok',
          worker: 'no worker of the cell local is at work',
          stripe: 'ok',
          issuer: 'ok',
        },
        warnings: [],
      },
    ]);
  });

  test('/readyz leaves out what is excluded, and refuses to exclude what it does not know', async () => {
    expect((await get('/readyz?exclude=worker')).body).toMatchObject({
      ready: true,
      checks: { database: 'ok', stripe: 'ok', issuer: 'ok' },
    });
    const { body } = await get('/readyz?exclude=worker&exclude=stripe');
    expect(body).toEqual({ ready: true, checks: { database: 'ok', issuer: 'ok' }, warnings: [] });
    const refused = await get('/readyz?exclude=weather');
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain('exclude');
  });

  test('/readyz is 503 while the cluster of the only worker is away', async () => {
    const presence = await announceWorker(service.databaseUrl, cell.id);
    try {
      expect((await get('/readyz')).status).toBe(200);
      await presence.show('without cluster');
      const answer = await get('/readyz');
      expect([answer.status, answer.body]).toMatchObject([
        503,
        { checks: { worker: 'the cluster of the cell local does not answer its workers' } },
      ]);
      await presence.show('at work');
      expect((await get('/readyz')).status).toBe(200);
    } finally {
      await presence.withdraw();
    }
  });

  test('/readyz says what an operator should change although all works', async () => {
    const { database, stripe, identity } = service;
    const warnings = ['a switch is on'];
    const ask = createReadiness({ database, stripe, issuer: identity.issuer, cell: cell.id, warnings });
    expect((await ask(['worker'])).warnings).toEqual(warnings);
  });

  test('an issuer that fails or is not there keeps the service from being ready', async () => {
    const { database, stripe, identity } = service;
    const ask = (issuer: string) =>
      createReadiness({ database, stripe, issuer, cell: cell.id, warnings: [] })();
    identity.answerWith(500);
    try {
      const discovery = `${identity.issuer}/.well-known/openid-configuration`;
      expect((await ask(identity.issuer)).checks.issuer).toBe(`${discovery} answered 500`);
    } finally {
      identity.answerWith(200);
    }
    expect((await ask('http://127.0.0.1:9')).checks.issuer).not.toBe('ok');
    expect((await ask(identity.issuer)).checks.issuer).toBe('ok');
  });

  test('/metrics tells of webhooks, tenants, slots, backlog and the process', async () => {
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    for (const name of [
      'tenantry_webhooks_total',
      'tenantry_webhook_seconds_bucket',
      'tenantry_tenants',
      'tenantry_slots_ready',
      'tenantry_backlog',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
    ]) {
      expect(answer.text).toContain(name);
    }
  });

  test('/metrics tells of a pool without a slot that is ready', async () => {
    await addTenant(service.database, { product: 'inbox', plan: 'starter', owner: null, slot: true });
    expect((await get('/metrics')).text).toContain('tenantry_slots_ready{product="inbox"} 0');
  });
});
