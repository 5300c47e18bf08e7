/** Figures over HTTP and as metrics: who may read them, what is refused, what they contain. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FiguresView, OverviewView } from '../../api/contract/figures.ts';
import { addCheckout, addObservations, addPayments, replaceSegments } from '../../automation/figures/log.ts';
import { segmentsOf } from '../../automation/figures/segments.ts';
import { figuresCsv, figuresText } from '../../cli/text/figures.ts';
import { type Service, startService } from '../support/service.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';
import { graceMs, type History, observationsOf } from './sample.ts';

let service: Service;
const today = new Date();
const ago = (days: number) => new Date(today.getTime() - days * 86_400_000).toISOString();
const dateAgo = (days: number) => ago(days).slice(0, 10);

async function put(history: History & { readonly id: string }): Promise<void> {
  const observations = observationsOf(history);
  const since = history.paidSince === undefined ? history.told[0]?.at : history.paidSince;
  const paidSince = since == null ? null : new Date(since);
  await addObservations(service.database, observations);
  await replaceSegments(service.database, history.id, segmentsOf(observations, { paidSince, graceMs }));
}

beforeAll(async () => {
  service = await startService();
  await put({
    id: 'sub_a',
    account: 'ada',
    told: [
      { at: ago(60), monthly: 19 },
      { at: ago(10), plan: 'enterprise', monthly: 99 },
    ],
  });
  await put({
    id: 'sub_b',
    account: 'bob',
    told: [
      { at: ago(60), monthly: 19 },
      { at: ago(5), status: 'canceled', monthly: 19 },
    ],
  });
  await put({ id: 'sub_c', account: 'cyd', checkoutId: 'co_1', told: [{ at: ago(3), monthly: 8.333333 }] });
  await put({
    id: 'sub_d',
    account: 'dan',
    currency: 'eur',
    product: 'stream',
    told: [{ at: ago(3), plan: 'business', monthly: 90 }],
  });
  await addPayments(service.database, [
    {
      id: 'in_1',
      kind: 'invoice',
      at: new Date(ago(3)),
      currency: 'usd',
      cents: 10_000,
      subscriptionId: 'sub_c',
      invoiceId: 'in_1',
      settles: true,
    },
    {
      id: 're_1',
      kind: 'refund',
      at: new Date(ago(2)),
      currency: 'usd',
      cents: -2500,
      subscriptionId: null,
      invoiceId: 'in_1',
      settles: false,
    },
  ]);
  for (const id of ['co_1', 'co_2'])
    await addCheckout(service.database, { id, product: 'agents', plan: 'pro' });
});
afterAll(() => service?.stop());

async function asked(query: string): Promise<FiguresView> {
  const { status, body } = await service.request('GET', `/v1/figures?${query}`);
  expect(status).toBe(200);
  return body;
}

describe('the figures of a stretch of time', () => {
  test('say what moved MRR, in one currency, and name the others', async () => {
    const found = await asked(`from=${dateAgo(29)}&every=whole&by=product`);
    expect(found).toMatchObject({ currency: 'usd', currencies: ['eur', 'usd'] });
    expect(found.rows).toHaveLength(1);
    expect(found.rows[0]).toMatchObject({
      product: 'agents',
      openingMrrMicros: 38_000_000,
      movementsMicros: {
        new: 8_333_333,
        expansion: 80_000_000,
        churn: -19_000_000,
        contraction: 0,
        moved: 0,
      },
      closingMrrMicros: 107_333_333,
      closingCustomers: 2,
      logoChurnRate: 0.5,
      invoicedCents: 10_000,
      refundedCents: 2500,
      revenueCents: 7500,
      conversions: { checkout: { of: 2, converted: 1, rate: 0.5 } },
    });
    const euros = await asked(`from=${dateAgo(29)}&every=whole&currency=eur`);
    expect(euros.rows[0]).toMatchObject({ closingMrrMicros: 90_000_000, revenueCents: 0 });
  });

  test('go day by day, as of days that are past, and end today', async () => {
    const { rows } = await asked(`from=${dateAgo(12)}&to=2999-01-01&every=whole`);
    expect(rows[0]?.to).toBe(dateAgo(-1));
    const days = (await asked(`from=${dateAgo(12)}&every=day`)).rows;
    expect(days).toHaveLength(13);
    const closing = new Map(days.map((row) => [row.period, row.closingMrrMicros]));
    expect([12, 8, 4, 0].map((days) => closing.get(dateAgo(days)))).toEqual([
      38_000_000, 118_000_000, 99_000_000, 107_333_333,
    ]);
    const { body } = await service.request('GET', `/v1/figures/mrr?at=${ago(8)}`);
    expect((body as { plans: unknown }).plans).toEqual([
      { product: 'agents', plan: 'enterprise', currency: 'usd', mrrMicros: 99_000_000, customers: 1 },
      { product: 'agents', plan: 'pro', currency: 'usd', mrrMicros: 19_000_000, customers: 1 },
    ]);
  });

  test.each([
    ['from=2026-13-01', 'from'],
    ['from=2026-02-01&to=2026-01-01', 'from'],
    ['from=2020-01-01&every=day', 'from'],
    ['from=1900-01-01', 'from'],
    ['every=week', 'every'],
    ['currency=dollars', 'currency'],
  ])('are refused for %s', async (query, field) => {
    const { status, body } = await service.request('GET', `/v1/figures?${query}`);
    expect(status).toBe(400);
    expect((body as { errors: { field: string }[] }).errors[0]?.field).toBe(field);
  });

  test.each(['/v1/figures', '/v1/figures/mrr', '/v1/figures/overview'])(
    '%s is for operators',
    async (path) => {
      const token = await service.identity.token('ada', 'tenant');
      expect((await service.request('GET', path, { token })).status).toBe(403);
      expect((await service.request('GET', path, { token: null })).status).toBe(401);
    },
  );

  test('are written for people and for spreadsheets', async () => {
    const found = await asked(`from=${dateAgo(29)}&every=whole&by=plan`);
    const text = figuresText(found);
    expect(text).toMatch(/agents enterprise +99\.00 +- +- +\+80\.00 +- +- +\+19\.00/);
    expect(text).toContain('There is more in EUR: --currency.');
    const [heading = '', ...lines] = figuresCsv(found).split('\r\n');
    const columns = heading.split(',');
    const pro = lines
      .map((line) => line.split(','))
      .find((cells) => cells[columns.indexOf('plan')] === 'pro');
    expect(pro?.[columns.indexOf('closing_mrr')]).toBe('8.333333');
    expect(pro?.[columns.indexOf('churn')]).toBe('-19');
  });
});

test('the overview tells how each product stands', async () => {
  const tenant = await addTenant(service.database, {
    product: 'workspace',
    plan: 'we-manage',
    subscriptionId: 'sub_w1',
    set: activeColumns('beta-user-1'),
  });
  await service.database.query(
    `update tenantry.subscription set product = 'workspace', plan = 'we-manage', status = 'active', seats = 1 where id = 'sub_w1'`,
  );
  await service.database.query(
    `insert into tenantry.subscription (id, product, plan, status, seats) values
       ('sub_w2', 'workspace', 'byoc', 'incomplete', 1), ('sub_w3', 'workspace', 'byoc', 'incomplete_expired', 1)`,
  );
  const body = (await service.request('GET', '/v1/figures/overview')).body as OverviewView;
  expect(body.products.find(({ product }) => product === 'workspace')).toEqual({
    product: 'workspace',
    applications: { total: 3, pending: 1, approved: 1 },
    subscriptions: [
      { plan: 'byoc', status: 'incomplete', count: 1, seats: 1 },
      { plan: 'byoc', status: 'incomplete_expired', count: 1, seats: 1 },
      { plan: 'we-manage', status: 'active', count: 1, seats: 1 },
    ],
    mrr: [],
    activeTenants: 1,
    cpuMillis: 4000,
    memoryBytes: 8 * 1024 ** 3,
    storageBytes: tenant.desiredSpec.volumeBytes,
  });
  expect(body.products.find(({ product }) => product === 'agents')?.mrr).toContainEqual({
    plan: 'enterprise',
    currency: 'usd',
    mrrMicros: 99_000_000,
    customers: 1,
  });
});

test('Prometheus reads the same figures, currencies apart', async () => {
  const { text } = await service.request('GET', '/metrics', { token: null });
  for (const line of [
    'tenantry_mrr_cents{product="agents",plan="enterprise",currency="usd"} 9900',
    'tenantry_mrr_cents{product="stream",plan="business",currency="eur"} 9000',
    'tenantry_paying_customers{product="agents",plan="pro",currency="usd"} 1',
    'tenantry_mrr_movement_cents_30d{product="agents",kind="churn",currency="usd"} -1900',
    'tenantry_customer_churn_ratio_30d{product="agents",currency="usd"} 0.5',
    'tenantry_revenue_cents_30d{product="agents",currency="usd"} 7500',
    'tenantry_conversion_ratio_30d{product="agents",kind="checkout",currency="usd"} 0.5',
  ])
    expect(text).toContain(`${line}\n`);
});

test('the log can only grow', async () => {
  for (const change of [
    'update tenantry.figures_observation set plan = null',
    'delete from tenantry.figures_observation',
    'truncate tenantry.figures_payment',
    'update tenantry.figures_payment set cents = 1',
  ])
    await expect(service.database.query(change)).rejects.toThrow('the figures log is append-only');
});
