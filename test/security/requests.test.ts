import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { statusOfAnnounced } from '../support/announced-body.ts';
import { makeKey, signToken } from '../support/identity.ts';
import { jobContext } from '../support/job-context.ts';
import { type Service, startService } from '../support/service.ts';

/* What somebody can do who has a token, or none, and sends whatever they like. */

interface Owned {
  readonly tenant: string;
  readonly subscription: string;
  readonly invoice: string;
  readonly organization: string;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  /** It asks for a token. */
  readonly guarded: boolean;
}

let service: Service;
let operations: readonly Operation[];
let ada: string;
let bob: string;
let adas: readonly Owned[];
beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada', 'tenant', { email: 'ada@example.com', email_verified: true });
  bob = await service.identity.token('bob', 'tenant', { email: 'bob@example.com', email_verified: true });
  adas = [await own(ada, 'browsers', 'professional'), await own(ada, 'inbox', 'starter')];
  await own(bob, 'inbox', 'starter');
  const { paths } = (await service.request('GET', '/openapi.json', { token: null })).body as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security = [] }]) => ({
      method: method.toUpperCase(),
      path,
      guarded: security.length > 0,
    })),
  );
});
afterAll(() => service?.stop());

/** Buys a plan as a customer does, and lets a worker hear of it. */
async function own(token: string, product: string, plan: string): Promise<Owned> {
  const opened = await service.request('POST', '/v1/checkout', { token, body: { product, plan } });
  const session = service.simulator.payCheckout(
    /cs_\w+/.exec((opened.body as { url: string }).url)?.[0] ?? '',
  );
  const subscription = String(session.subscription);
  await markSubscription(service.database, subscription);
  await syncSubscription(jobContext({ database: service.database, stripe: service.stripe }), subscription);
  const { rows } = await service.database.query<{ tenant: string; organization: string }>(
    `select t.id as tenant, o.id as organization from tenantry.tenant t, tenantry.organization o
     where t.subscription_id = $1 and o.customer_id = $2`,
    [subscription, session.customer],
  );
  const [row] = rows;
  if (!row) throw new Error('nothing was bought');
  return { ...row, subscription, invoice: String(session.invoice) };
}

/** A path with somebody's id in it. */
function pathTo(path: string, { tenant, subscription, invoice, organization }: Owned): string {
  const id = path.startsWith('/v1/subscriptions')
    ? subscription
    : path.startsWith('/v1/invoices')
      ? invoice
      : path.startsWith('/v1/organizations')
        ? organization
        : tenant;
  return path.replace(/\{\w+\}/, id).replaceAll(/\{\w+\}/g, '1');
}

const withId = () => operations.filter(({ path, guarded }) => guarded && path.includes('{'));

/** Everything about money and wishes that requests could have changed. */
async function everything(): Promise<unknown> {
  const tables = ['tenant', 'subscription', 'ledger_account', 'ledger_entry', 'ledger_hold', 'organization'];
  const rows = await Promise.all(
    tables.map((table) => service.database.query(`select * from tenantry.${table} order by 1`)),
  );
  const subscriptions = await service.stripe.subscriptions.list({ status: 'all', limit: 100 });
  return [rows.map((result) => result.rows), subscriptions.data];
}

describe("somebody else's tenant", () => {
  test('is not there for others, at any address that the API has', async () => {
    const paths = withId();
    // Should addresses ever be described elsewhere, this would test nothing.
    expect(paths.length).toBeGreaterThan(15);
    const before = await everything();
    for (const { method, path } of paths) {
      for (const owned of adas) {
        const answer = await service.request(method, pathTo(path, owned), {
          token: bob,
          ...(method !== 'GET' && { body: {} }),
        });
        expect([method, path, answer.status >= 400 && answer.status < 500, answer.status]).toEqual([
          method,
          path,
          true,
          answer.status,
        ]);
        expect(answer.text).not.toContain('ada');
      }
    }
    expect(await everything()).toEqual(before);
  });

  test('is not among what others list, however they ask', async () => {
    const secrets = adas.flatMap((owned) => Object.values(owned));
    const lists = operations.filter(({ method, path }) => method === 'GET' && !path.includes('{'));
    const [{ subscription, organization, tenant }] = adas as [Owned];
    const questions = [
      '',
      '?owner=ada',
      `?subscription=${subscription}`,
      `?organization=${organization}`,
      `?tenant=${tenant}`,
      '?limit=100',
    ];
    for (const { path } of lists.filter((one) => one.guarded)) {
      for (const question of questions) {
        const answer = await service.request('GET', `${path}${question}`, { token: bob });
        expect(answer.status).toBeLessThan(500);
        // A refusal may repeat what was asked for.
        if (answer.status === 200)
          for (const secret of secrets)
            expect([path, question, answer.text]).not.toEqual([
              path,
              question,
              expect.stringContaining(secret),
            ]);
      }
    }
  });

  test('is there for its owner, so that the above means something', async () => {
    const [owned] = adas as [Owned];
    for (const path of [
      '/v1/tenants/{id}',
      '/v1/tenants/{id}/timeline',
      '/v1/tenants/{id}/credits',
      '/v1/tenants/{id}/usage',
      '/v1/invoices/{id}',
    ]) {
      const answer = await service.request('GET', pathTo(path, owned), { token: ada });
      expect([path, answer.status]).toEqual([path, 200]);
    }
    const invoices = await service.request('GET', '/v1/invoices', { token: ada });
    expect(invoices.text).toContain(owned.invoice);
  });
});

describe('a token', () => {
  test('is needed wherever one is asked for', async () => {
    const [owned] = adas as [Owned];
    for (const { method, path, guarded } of operations.filter((one) => one.guarded)) {
      const answer = await service.request(method, pathTo(path, owned), {
        token: null,
        ...(method !== 'GET' && { body: {} }),
      });
      expect([method, path, guarded, answer.status]).toEqual([method, path, true, 401]);
    }
  });

  test.each<[string, () => Promise<string>]>([
    [
      'that nobody signed (alg none)',
      async () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`;
      },
    ],
    [
      'signed with the public key as a shared secret',
      () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid: service.identity.key.kid })
          .sign(Buffer.from(JSON.stringify(service.identity.key.publicJwk))),
    ],
    ['of a key that is not the issuer’s', async () => signToken(await makeKey('first'), claims(), 3600)],
    [
      'of another issuer',
      () => signToken(service.identity.key, { ...claims(), iss: 'https://evil.example' }, 3600),
    ],
    ['for another audience', () => signToken(service.identity.key, { ...claims(), aud: 'another' }, 3600)],
    ['that has expired', () => signToken(service.identity.key, claims(), -120)],
    [
      'whose scope was changed after it was signed',
      async () => {
        const [head, , signature] = bob.split('.');
        return `${head}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.${signature}`;
      },
    ],
  ])('%s opens nothing', async (_name, make) => {
    const token = await make();
    for (const path of ['/v1/tenants', '/v1/invoices', `/v1/tenants/${adas[0]?.tenant}/credits`]) {
      const answer = await service.request('GET', path, { token });
      expect([path, answer.status, answer.body]).toMatchObject([path, 401, { code: 'unauthenticated' }]);
    }
  });

  const claims = () => ({
    iss: service.identity.issuer,
    aud: 'tenantry',
    sub: 'ada',
    scope: 'operator',
    exp: Math.floor(Date.now() / 1000) + 3600,
  });
});

describe('an amount that is none', () => {
  const bad: readonly [string, string][] = [
    ['negative', '-1'],
    ['a fraction', '0.5'],
    ['a fraction beyond all digits', '1.0000000001'],
    ['more than a number holds exactly', '9007199254740993'],
    ['more than 64 bits', '9223372036854775808'],
    ['negative beyond 64 bits', '-9223372036854775809'],
    ['beyond all numbers', '1e400'],
    ['text', '"1"'],
    ['true', 'true'],
    ['a list', '[1]'],
    ['an object', '{"$gt":0}'],
  ];
  /** Where money, credits and seats come in; HERE is the amount. */
  const doors: readonly [method: string, path: string, body: string, zeroIsBad: boolean][] = [
    ['POST', '/v1/tenants/BROWSERS/credits/holds', '{"cause":"c","amount":HERE}', true],
    ['POST', '/v1/tenants/BROWSERS/credits/captures', '{"cause":"c","amount":HERE}', true],
    ['POST', '/v1/tenants/BROWSERS/credits/captures', '{"cause":"c","amount":HERE,"metered":true}', true],
    ['POST', '/v1/tenants/BROWSERS/credits/top-ups', '{"cause":"c","amount":HERE}', true],
    ['POST', '/v1/tenants/INBOX/api-costs', '{"callId":"c","provider":"p","costMicros":HERE}', false],
    ['POST', '/v1/tenants/INBOX/api-costs', '{"callId":"c","provider":"p","estimateMicros":HERE}', false],
    ['PUT', '/v1/tenants/INBOX/budget', '{"kind":"api","capMicros":HERE}', false],
    ['PUT', '/v1/tenants/INBOX/budget', '{"kind":"api","agreedMicros":HERE}', false],
    ['POST', '/v1/checkout', '{"product":"stream","plan":"professional","seats":HERE}', true],
    ['POST', '/v1/subscriptions/SUBSCRIPTION/preview', '{"seats":HERE}', true],
    ['POST', '/v1/subscriptions/SUBSCRIPTION/change', '{"seats":HERE}', true],
  ];

  test.each(doors)('is refused by %s %s as %s', async (method, path, body, zeroIsBad) => {
    const [browsers, inbox] = adas as [Owned, Owned];
    const address = path
      .replace('BROWSERS', browsers.tenant)
      .replace('INBOX', inbox.tenant)
      .replace('SUBSCRIPTION', inbox.subscription);
    const known = operations.some(
      (one) =>
        one.method === method && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(address),
    );
    expect([address, known]).toEqual([address, true]);
    const before = await everything();
    for (const [name, amount] of [...bad, ...(zeroIsBad ? [['zero', '0'] as const] : [])]) {
      const answer = await service.request(method, address, {
        body: body.replace('HERE', amount),
        ...(path.startsWith('/v1/checkout') && { token: ada }),
      });
      expect([name, answer.status]).toEqual([name, 400]);
    }
    expect(await everything()).toEqual(before);
  });
});

describe('a checkout', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a price of their own', { price: 'price_1' }],
    ['an amount', { amount: 1 }],
    ['an amount in cents', { priceCents: 1 }],
    ['somebody else’s customer', { customer: 'cus_1' }],
    ['line items', { line_items: [{ price: 'price_1', quantity: 1 }] }],
    ['a trial of their own', { trial_period_days: 700 }],
    ['another owner', { owner: 'bob', metadata: { tenantry_owner: 'bob' } }],
    ['a discount', { discounts: [{ percent_off: 100 }] }],
    ['a plan of another product', { plan: 'business' }],
    ['a plan that nobody sells', { plan: 'enterprise', product: 'inbox' }],
    ['seats of a plan without seats', { seats: 5 }],
    ['a plan by the name of its key', { plan: 'tenantry:workspace:byoc' }],
    ['a plan that is everything’s ancestor', { plan: '__proto__' }],
    ['a product that is everything’s ancestor', { product: 'constructor' }],
  ])('with %s is refused, and nothing is opened', async (_name, more) => {
    const count = async () => service.simulator.state().counts.checkout_session;
    const before = await count();
    const answer = await service.request('POST', '/v1/checkout', {
      token: ada,
      body: { product: 'workspace', plan: 'byoc', ...more },
    });
    expect([answer.status, before]).toEqual([answer.status === 422 ? 422 : 400, await count()]);
  });

  test('of another organization cannot be paid by its customer', async () => {
    const [{ organization }] = adas as [Owned];
    const answer = await service.request('POST', '/v1/checkout', {
      token: bob,
      body: { product: 'workspace', plan: 'byoc', organization },
    });
    expect([403, 404]).toContain(answer.status);
  });
});

describe('text where an id should be', () => {
  const texts = [
    "' or 1=1 --",
    "x'; drop table tenantry.tenant; --",
    '1) union select secret from tenantry.stripe_event --',
    '../../metrics',
    '\u0000',
    '%',
    '$1',
    '\ud800'.toWellFormed(),
    'ａｄａ',
    'a'.repeat(3000),
  ];

  test('is nobody’s id, and never an error of ours', async () => {
    const before = await everything();
    for (const { method, path } of withId().filter(({ method: one }) => one === 'GET')) {
      for (const text of texts) {
        const answer = await service.request(method, path.replaceAll(/\{\w+\}/g, encodeURIComponent(text)));
        const fine = answer.status === 400 || answer.status === 404;
        expect([path, text.slice(0, 40), fine, answer.status]).toEqual([
          path,
          text.slice(0, 40),
          true,
          answer.status,
        ]);
      }
    }
    expect(await everything()).toEqual(before);
  });

  test('in what is asked for finds nothing more than asked', async () => {
    for (const text of texts) {
      const question = encodeURIComponent(text);
      for (const path of [
        `/v1/tenants?product=${question}`,
        `/v1/tenants?checkout=${question}`,
        `/v1/invoices?subscription=${question}`,
        `/v1/tenants?cursor=${question}`,
      ]) {
        const answer = await service.request('GET', path);
        expect([path.slice(0, 60), answer.status < 500]).toEqual([path.slice(0, 60), true]);
        if (answer.status === 200) expect(answer.text).not.toContain(adas[0]?.tenant);
      }
    }
  });
});

test('a request body that is too large is refused wherever one is taken', async () => {
  const [owned] = adas as [Owned];
  const token = await service.identity.token('operator', 'operator');
  for (const { method, path } of operations.filter((one) => one.guarded && one.method !== 'GET')) {
    // Batches of usage have the highest limit, 512 kB.
    const status = await statusOfAnnounced(`${service.url}${pathTo(path, owned)}`, method, token, 530_000);
    expect([method, path, status]).toEqual([method, path, 413]);
  }
});
