import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureCell } from '../../automation/store/cells.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { type Service, startService } from '../support/service.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';

let service: Service;
let ada: string;
beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada', 'tenant', { email: 'ada@example.com', email_verified: true });
});
afterAll(() => service?.stop());

const buy = (body: unknown, token = ada) => service.request('POST', '/v1/checkout', { token, body });
const workspace = { product: 'workspace', plan: 'byoc' };

/** The Stripe session behind an answer's address. */
function sessionOf(answer: { body: unknown }) {
  const id = /cs_\w+/.exec((answer.body as { url: string }).url)?.[0] ?? '';
  return service.stripe.checkout.sessions.retrieve(id, { expand: ['line_items'] });
}

describe('a checkout', () => {
  const sold = catalog.flatMap((product) =>
    product.plans.map((plan) => [product.id, plan.id, plan.price.kind] as const),
  );

  test.each(sold.filter(([, , kind]) => kind !== 'custom'))(
    'of %s %s leads to a page where it is paid',
    async (product, plan) => {
      const answer = await buy({ product, plan });
      expect(answer.status).toBe(201);
      const session = await sessionOf(answer);
      expect(session).toMatchObject({
        mode: 'subscription',
        client_reference_id: (answer.body as { id: string }).id,
      });
      expect(session.line_items?.data[0]?.price?.lookup_key).toBe(`tenantry:${product}:${plan}`);
    },
  );

  test.each(sold.filter(([, , kind]) => kind === 'custom'))(
    'of %s %s, which is agreed by hand, is answered 422',
    async (product, plan) => {
      const answer = await buy({ product, plan });
      expect([answer.status, answer.body]).toMatchObject([422, { code: 'plan_not_for_sale' }]);
    },
  );

  test('comes back to the page with our own id of it, never with Stripe’s', async () => {
    const answer = await buy({
      ...workspace,
      successUrl: 'https://app.example/done?x={CHECKOUT_SESSION_ID}',
    });
    const { id } = answer.body as { id: string };
    expect(await sessionOf(answer)).toMatchObject({
      success_url: `https://app.example/done?x=${id}`,
      cancel_url: 'http://tenantry.test/',
    });
    const usual = await buy(workspace);
    const { id: usualId } = usual.body as { id: string };
    expect((await sessionOf(usual)).success_url).toBe(`http://tenantry.test/?checkout=${usualId}`);
  });

  test('writes owner, name and checkout on the subscription to come', async () => {
    const answer = await buy({ product: 'stream', plan: 'professional', slug: 'acme', seats: 7 });
    const session = await sessionOf(answer);
    service.simulator.payCheckout(session.id);
    const { data } = await service.stripe.subscriptions.list({ limit: 1 });
    expect(data[0]?.metadata).toEqual({
      tenantry_owner: 'ada',
      tenantry_slug: 'acme',
      tenantry_checkout: (answer.body as { id: string }).id,
    });
    expect(data[0]?.items.data[0]?.quantity).toBe(7);
  });

  test('is on the one Stripe customer of the person, who has paid with it before or not', async () => {
    const customerOf = async (answer: { body: unknown }) => {
      const { customer } = await sessionOf(answer);
      return service.stripe.customers.retrieve(String(customer));
    };
    const first = await customerOf(await buy(workspace));
    expect(first).toMatchObject({ email: 'ada@example.com', name: 'ada@example.com' });
    expect((await customerOf(await buy(workspace))).id).toBe(first.id);
    const eve = await service.identity.token('eve', 'tenant', {
      email: 'eve@example.com',
      email_verified: false,
    });
    expect(await customerOf(await buy(workspace, eve))).toMatchObject({ email: null });
    const customer = await service.stripe.customers.create({ email: 'bob@example.com' });
    await service.database.query(
      "insert into tenantry.subscription (id, owner, customer_id) values ('sub_bob', 'bob', $1)",
      [customer.id],
    );
    const bob = await service.identity.token('bob');
    expect(await customerOf(await buy(workspace, bob))).toMatchObject({ id: customer.id });
  });

  test('is on the customer of the organization that the token or the request names, for its admins', async () => {
    const member = (sub: string, organization: string, role?: string) =>
      service.identity.token(sub, 'tenant', { organization, ...(role && { role }) });
    const customerOf = async (token: string, organization?: string) => {
      const answer = await buy({ ...workspace, ...(organization && { organization }) }, token);
      expect(answer.status).toBe(201);
      return (await sessionOf(answer)).customer;
    };
    const amy = await member('amy', 'acme', 'admin');
    const acme = await customerOf(amy);
    expect(await customerOf(await member('abe', 'acme', 'admin'))).toBe(acme);
    expect(await customerOf(await member('zoe', 'zenith', 'admin'))).not.toBe(acme);

    const { rows } = await service.database.query(
      "select id from tenantry.organization where claim = 'acme'",
    );
    const { id } = rows[0] as { id: string };
    for (const token of [await member('ann', 'acme'), await member('ann', 'acme', 'viewer')]) {
      expect((await buy(workspace, token)).body).toMatchObject({ code: 'forbidden' });
      expect((await buy({ ...workspace, organization: id }, token)).body).toMatchObject({
        code: 'forbidden',
      });
    }
    expect(await customerOf(amy, id)).toBe(acme);
    expect((await buy({ ...workspace, organization: id }, ada)).body).toMatchObject({ code: 'not_found' });
    expect((await buy({ ...workspace, organization: 'acme' }, amy)).body).toMatchObject({
      errors: [{ field: 'organization' }],
    });
  });
});

describe('a checkout that is asked for wrongly', () => {
  const hostile = {
    'a path': '../../etc/passwd',
    '300 characters': 'a'.repeat(300),
    'another script': 'ünïcode-名',
    SQL: "a'; drop table tenantry.tenant; --",
    YAML: 'a: &x [*x]\n- b',
    'a NUL': 'a\u0000b',
    'a line break': 'acme\n',
    'capital letters': 'Acme',
    'two hyphens': 'a--b',
    'a hyphen at the end': 'acme-',
    'a digit first': '1acme',
    'one letter': 'a',
    'forty letters': 'a'.repeat(40),
    'a name of the platform': 'admin',
    nothing: '',
    'a number': 5,
    'a list': ['acme'],
    null: null,
  };

  test.each(Object.entries(hostile))('(slug: %s) is answered 400 naming the field', async (_name, slug) => {
    const answer = await buy({ product: 'stream', plan: 'professional', slug });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'invalid_request', errors: [{ field: 'slug' }] });
  });

  test.each(Object.entries(hostile))(
    '(product: %s) is answered 400 naming the field',
    async (_name, product) => {
      const answer = await buy({ product, plan: 'byoc' });
      expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'product' }] }]);
    },
  );

  test.each(Object.entries(hostile))('(plan: %s) is answered 400 naming the field', async (_name, plan) => {
    const answer = await buy({ product: 'workspace', plan });
    expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'plan' }] }]);
  });

  test.each([0, -1, 1.5, 10_001, 1e9, '7', null, [1], true])(
    '(seats: %j) is answered 400 naming the field',
    async (seats) => {
      const answer = await buy({ product: 'stream', plan: 'professional', seats });
      expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'seats' }] }]);
    },
  );

  test('(seats of a plan without seats) is answered 400 naming the field', async () => {
    const answer = await buy({ ...workspace, seats: 2 });
    expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'seats' }] }]);
    expect((await buy({ ...workspace, seats: 1 })).status).toBe(201);
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://example.com',
    '//example.com',
    '/relative',
    'not an address',
    `https://example.com/${'a'.repeat(2000)}`,
    '',
    7,
  ])('(successUrl: %j) is answered 400 naming the field', async (address) => {
    for (const field of ['successUrl', 'cancelUrl']) {
      const answer = await buy({ ...workspace, [field]: address });
      expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field }] }]);
    }
  });

  test('(unknown fields) is answered 400 naming them', async () => {
    const answer = await buy({ ...workspace, owner: 'eve', price: 0 });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('owner');
  });

  test.each(['', '{', 'null', '[]', '"text"', '5', '{"product":'])(
    '(body: %s) is answered 400',
    async (body) => {
      const answer = await buy(body);
      expect([answer.status, answer.body]).toMatchObject([400, { code: 'invalid_request' }]);
    },
  );

  test('(a body of another content type) is answered 400', async () => {
    const answer = await service.request('POST', '/v1/checkout', {
      token: ada,
      body: 'product=workspace&plan=byoc',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'invalid_request' }]);
  });

  test('(64 KiB and more) is answered 413', async () => {
    const answer = await buy({ ...workspace, successUrl: 'a'.repeat(65 * 1024) });
    expect([answer.status, answer.body]).toMatchObject([413, { code: 'payload_too_large' }]);
  });

  test('(a body with the keys of prototypes) changes no prototype', async () => {
    const answer = await buy(
      '{"product":"workspace","plan":"byoc","__proto__":{"slug":"x"},"constructor":1}',
    );
    expect(answer.status).toBe(400);
    expect(({} as Record<string, unknown>).slug).toBeUndefined();
  });
});

describe('a name', () => {
  const stream = (slug: string, token = ada) => buy({ product: 'stream', plan: 'professional', slug }, token);

  test('that somebody’s tenant has is answered 409', async () => {
    const tenant = await addTenant(service.database, {
      product: 'stream',
      plan: 'free',
      slug: 'taken',
      owner: 'bob',
    });
    const answer = await stream('taken');
    expect([answer.status, answer.body]).toMatchObject([
      409,
      { code: 'name_taken', errors: [{ field: 'slug', message: 'is taken' }] },
    ]);
    await service.database.query("update tenantry.tenant set desired_state = 'deleted' where id = $1", [
      tenant.id,
    ]);
    expect((await stream('taken')).status).toBe(201);
  });

  test('of one’s own kept tenant is free for oneself and taken for others', async () => {
    await addTenant(service.database, {
      product: 'stream',
      plan: 'free',
      slug: 'kept',
      owner: 'ada',
      set: { desired_state: 'suspended', delete_after: new Date(Date.now() + 86_400_000) },
    });
    expect((await stream('kept')).status).toBe(201);
    expect((await stream('kept', await service.identity.token('eve'))).status).toBe(409);
  });

  test('of a product whose namespaces do not carry it may be taken twice', async () => {
    await addTenant(service.database, { slug: 'twice', set: activeColumns('x') });
    expect((await buy({ ...workspace, slug: 'twice' })).status).toBe(201);
  });
});

test('while Stripe is away a checkout is answered 503 without its address', async () => {
  const away = await startService({ stripeApiBase: 'http://127.0.0.1:9' });
  try {
    const answer = await away.request('POST', '/v1/checkout', { body: workspace });
    expect([answer.status, answer.body]).toMatchObject([503, { code: 'unavailable' }]);
    expect(answer.text).not.toContain('127.0.0.1');
    const ready = await away.request('GET', '/readyz', { token: null });
    expect(ready.status).toBe(503);
    expect((ready.body as { checks: Record<string, string> }).checks).toMatchObject({
      database: 'ok',
      worker: 'no worker of the cell local is at work',
      issuer: 'ok',
    });
    expect((ready.body as { checks: Record<string, string> }).checks.stripe).not.toBe('ok');
  } finally {
    await away.stop();
  }
});

test('a key that Stripe refuses is answered 503 and not shown', async () => {
  const refused = await startService({ stripeSecretKey: 'sk_test_refused_by_stripe' });
  try {
    const answer = await refused.request('POST', '/v1/checkout', { body: workspace });
    expect([answer.status, answer.body]).toMatchObject([503, { code: 'unavailable' }]);
    expect(answer.text + refused.log()).not.toContain('sk_test_refused_by_stripe');
  } finally {
    await refused.stop();
  }
});

describe('a region', () => {
  const eu = { id: 'eu', region: 'eu-west-1' };

  test('without a cell is refused, with the regions that there are', async () => {
    const answer = await buy({ ...workspace, region: 'us-west-2' });
    expect([answer.status, answer.body]).toMatchObject([
      400,
      {
        code: 'invalid_request',
        detail: expect.stringMatching(/region: .*us-west-2; tenants can be in .*local/),
      },
    ]);
  });

  test('with a cell is written on the subscription, and names are free in each cell', async () => {
    await ensureCell(service.database, eu);
    await addTenant(service.database, { product: 'stream', plan: 'free', slug: 'twice', owner: 'somebody' });
    const wish = { product: 'stream', plan: 'business', slug: 'twice' };
    expect((await buy(wish)).status).toBe(409);
    const answer = await buy({ ...wish, region: 'eu-west-1', residency: 'gdpr' });
    expect(answer.status).toBe(201);
    service.simulator.payCheckout((await sessionOf(answer)).id);
    const { data } = await service.stripe.subscriptions.list({ limit: 1 });
    expect(data[0]?.metadata).toMatchObject({ tenantry_region: 'eu-west-1', tenantry_residency: 'gdpr' });
  });

  test('that the law forbids is refused', async () => {
    const wish = { product: 'stream', plan: 'business', slug: 'law', residency: 'gdpr', region: 'local' };
    expect((await buy(wish)).body).toMatchObject({ errors: [{ field: 'region' }] });
  });
});

describe('what a checkout gives away', () => {
  test('a trial, once for each product of a customer', async () => {
    const bob = await service.identity.token('bob', 'tenant', {});
    const answer = await buy({ product: 'inbox', plan: 'starter', trial: true }, bob);
    const session = await sessionOf(answer);
    expect([answer.status, session.amount_total, session.payment_method_collection]).toEqual([
      201,
      0,
      'always',
    ]);
    service.simulator.payCheckout(session.id);
    const [subscription] = (await service.stripe.subscriptions.list({ customer: session.customer as string }))
      .data;
    expect(subscription).toMatchObject({
      status: 'trialing',
      trial_settings: { end_behavior: { missing_payment_method: 'cancel' } },
    });
    await service.database.query(
      'insert into tenantry.subscription (id, customer_id, product) values ($1, $2, $3)',
      [subscription?.id, session.customer, 'inbox'],
    );
    const again = await buy({ product: 'inbox', plan: 'professional', trial: true }, bob);
    expect([again.status, again.body]).toMatchObject([400, { code: 'invalid_request' }]);
    expect((await buy({ product: 'inbox', plan: 'professional' }, bob)).status).toBe(201);
  });

  test('no trial where the plan has none', async () => {
    const answer = await buy({ ...workspace, trial: true });
    expect([answer.status, answer.body]).toMatchObject([400, { errors: [{ field: 'trial' }] }]);
  });

  test('a promotion code that was given, or the choice to type one', async () => {
    const typed = await sessionOf(await buy(workspace));
    expect(typed).toMatchObject({ allow_promotion_codes: true, discounts: [] });
    const coupon = await service.stripe.coupons.create({ percent_off: 20, duration: 'forever' });
    const code = await service.stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
      code: 'TWENTY',
    });
    const given = await sessionOf(await buy({ ...workspace, promotionCode: 'TWENTY' }));
    expect(given).toMatchObject({
      discounts: [{ promotion_code: code.id }],
      amount_subtotal: 1500,
      amount_total: 1200,
    });
    const unknown = await buy({ ...workspace, promotionCode: 'NOTHING' });
    expect([unknown.status, unknown.body]).toMatchObject([400, { errors: [{ field: 'promotionCode' }] }]);
  });
});
