import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { InvoiceView, SubscriptionView } from '../../../api/contract/billing.ts';
import type { ChangePreview } from '../../../automation/billing/change-plan.ts';
import { findOrganization, putMember } from '../../../automation/organizations/organizations.ts';
import { unrepeated } from '../../local/stripe/call-sites.ts';
import {
  type ProxyTee,
  proxyToStripeMock,
  type StripeMock,
  startStripeMock,
} from '../../local/stripe/conformance.ts';
import { type Service, startService } from '../../support/service.ts';
import { buy, synchronize } from './support.ts';

let mock: StripeMock;
let stripe: Service;
let tee: ProxyTee;
let service: Service;

/** The service's requests to the simulator of another one are repeated to Stripe's own stripe-mock. */
beforeAll(async () => {
  mock = await startStripeMock(inject('tools')['stripe-mock']);
  stripe = await startService();
  tee = await proxyToStripeMock(mock, stripe.simulator.url);
  const own = await startService({ stripeApiBase: tee.url, stripeSecretKey: stripe.simulator.secretKey });
  service = { ...own, simulator: stripe.simulator, stripe: stripe.stripe };
});
afterAll(async () => {
  await service?.stop();
  await tee?.stop();
  await stripe?.stop();
  await mock?.stop();
});

const admin = (sub: string, organization: string) =>
  service.identity.token(sub, 'tenant', { organization, role: 'admin' });
const viewer = (sub: string, organization: string) =>
  service.identity.token(sub, 'tenant', { organization, role: 'viewer' });

async function post<T>(token: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await service.request('POST', `/v1/${path}`, {
    token,
    headers,
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, body: answer.body as T & { code?: string; errors?: { field: string }[] } };
}
async function get<T>(token: string, path: string) {
  const answer = await service.request('GET', `/v1/${path}`, { token });
  return { status: answer.status, body: answer.body as T & { code?: string } };
}
const invoicesAt = async (subscription: string) =>
  (await service.stripe.invoices.list({ subscription, limit: 100 })).data;

describe('a change of plan', () => {
  test('costs exactly what its preview said, once, however often it is clicked', async () => {
    const token = await admin('amy', 'upgraders');
    const id = await buy(service, token, { product: 'workspace', plan: 'byoc' });
    await service.simulator.advanceClock({ seconds: 10 * 86_400 });

    const preview = await post<ChangePreview>(token, `subscriptions/${id}/preview`, { plan: 'we-manage' });
    expect(preview.status).toBe(200);
    const { dueNowCents, nextInvoiceCents, periodCents, lines, prorationDate } = preview.body;
    expect(periodCents).toBe(2000);
    expect(nextInvoiceCents).toBe(0);
    // Of $15 and $20 a month, some 20 of 30 days.
    expect(dueNowCents).toBeGreaterThan(300);
    expect(dueNowCents).toBeLessThan(360);
    expect(lines.map(({ amountCents }) => Math.sign(amountCents))).toEqual([-1, 1]);
    expect(lines.reduce((sum, { amountCents }) => sum + amountCents, 0)).toBe(dueNowCents);
    expect(await invoicesAt(id)).toHaveLength(1);

    const body = { plan: 'we-manage', prorationDate };
    const clicks = await Promise.all(
      [1, 2, 3].map(() => post<SubscriptionView>(token, `subscriptions/${id}/change`, body)),
    );
    for (const click of clicks) expect(click).toMatchObject({ status: 200, body: { plan: 'we-manage' } });
    const invoices = await invoicesAt(id);
    expect(invoices.map(({ amount_paid }) => amount_paid)).toEqual([dueNowCents, 1500]);
    await synchronize(service, id);
    expect((await get<SubscriptionView>(token, `subscriptions/${id}`)).body).toMatchObject({
      plan: 'we-manage',
      status: 'active',
      organization: { name: 'upgraders' },
      role: 'admin',
    });
  });

  test('to fewer seats is credited on the next invoice, and more seats are paid now', async () => {
    const token = await admin('sam', 'seaters');
    const id = await buy(service, token, {
      product: 'stream',
      plan: 'professional',
      slug: 'seaters',
      seats: 5,
    });
    await service.simulator.advanceClock({ seconds: 86_400 });
    const fewer = await post<ChangePreview>(token, `subscriptions/${id}/preview`, { seats: 3 });
    expect(fewer.body).toMatchObject({ dueNowCents: 0, periodCents: 3 * 2900, seats: 3 });
    expect(fewer.body.nextInvoiceCents).toBeLessThan(-5000);
    const { prorationDate, nextInvoiceCents } = fewer.body;
    const changed = await post<SubscriptionView>(token, `subscriptions/${id}/change`, {
      seats: 3,
      prorationDate,
    });
    expect(changed.body).toMatchObject({ seats: 3, plan: 'professional' });
    expect(await invoicesAt(id)).toHaveLength(1);
    const [next] = [await service.stripe.invoices.createPreview({ subscription: id })];
    expect(next?.total).toBe(3 * 2900 + nextInvoiceCents);

    const more = await post<SubscriptionView>(token, `subscriptions/${id}/change`, {
      seats: 12,
      plan: 'business',
    });
    expect(more.body).toMatchObject({ seats: 12, plan: 'business' });
    expect(await invoicesAt(id)).toHaveLength(2);
  });

  test('that cannot be paid changes nothing, and charges nothing later', async () => {
    const token = await admin('dan', 'declined');
    const id = await buy(service, token, {
      product: 'stream',
      plan: 'professional',
      slug: 'declined',
      seats: 1,
    });
    const { customer } = await service.stripe.subscriptions.retrieve(id);
    service.simulator.setCard(String(customer), { works: false });
    const refused = await post(token, `subscriptions/${id}/change`, { plan: 'business', seats: 20 });
    expect(refused).toMatchObject({ status: 402, body: { code: 'payment_declined' } });
    const after = await service.stripe.subscriptions.retrieve(id);
    expect([after.status, after.items.data[0]?.quantity]).toEqual(['active', 1]);
    expect(after.items.data[0]?.price.lookup_key).toBe('tenantry:stream:professional');
    expect(await invoicesAt(id)).toHaveLength(1);

    service.simulator.setCard(String(customer), { works: true });
    expect((await post(token, `subscriptions/${id}/change`, { plan: 'business', seats: 20 })).status).toBe(
      200,
    );
  });

  test('is answered the same for the same Idempotency-Key, which stands for one change alone', async () => {
    const token = await admin('ida', 'keyed');
    const id = await buy(service, token, { product: 'agents', plan: 'pro' });
    const key = { 'idempotency-key': 'click-1' };
    const path = `subscriptions/${id}/change`;
    const prorationDate = service.simulator.clock().now;
    expect((await post(token, path, { plan: 'enterprise', prorationDate }, key)).status).toBe(200);
    expect((await post(token, path, { plan: 'enterprise', prorationDate }, key)).status).toBe(200);
    expect(await post(token, path, { plan: 'free', prorationDate }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  test.each<[string, unknown, string]>([
    ['no seats', { seats: 0 }, 'seats'],
    ['negative seats', { seats: -1 }, 'seats'],
    ['half a seat', { seats: 1.5 }, 'seats'],
    ['seats beyond all bounds', { seats: 1e12 }, 'seats'],
    ['seats in words', { seats: 'five' }, 'seats'],
    ['a plan that is not there', { plan: 'platinum' }, 'plan'],
    ['a price instead of a plan', { plan: 'price_1Q0PsIJvEtkwdCNY' }, 'plan'],
    ['a lookup key instead of a plan', { plan: 'tenantry:agents:free' }, 'plan'],
    ['seats of a plan without', { plan: 'free', seats: 2 }, 'seats'],
    ['a price of its own', { plan: 'business', priceCents: 1 }, 'priceCents'],
    ['nothing', {}, 'plan'],
    [
      'the end of the period as the instant',
      { plan: 'business', prorationDate: 4_000_000_000 },
      'prorationDate',
    ],
    ['an instant long past', { plan: 'free', prorationDate: 1_000 }, 'prorationDate'],
  ])('to %s is refused naming the field', async (_what, body, field) => {
    const token = await admin('bea', 'refused');
    const known = (await get<{ subscriptions: SubscriptionView[] }>(token, 'subscriptions')).body
      .subscriptions[0];
    const id =
      known?.id ??
      (await buy(service, token, { product: 'stream', plan: 'professional', slug: 'refused', seats: 2 }));
    for (const action of field === 'prorationDate' ? ['change'] : ['change', 'preview']) {
      const answer = await post(token, `subscriptions/${id}/${action}`, body);
      expect([answer.status, answer.body.code, answer.body.errors?.[0]?.field]).toEqual([
        400,
        'invalid_request',
        field,
      ]);
    }
    expect(await invoicesAt(id)).toHaveLength(1);
  });
});

test('what is used beside the plan is on the invoice of the next period, or on the last one', async () => {
  const token = await admin('una', 'users');
  const id = await buy(service, token, { product: 'stream', plan: 'professional', slug: 'users', seats: 2 });
  const { customer } = await service.stripe.subscriptions.retrieve(id);
  const use = (identifier: string) =>
    service.stripe.billing.meterEvents.create({
      event_name: 'stream_vcpu_hours',
      identifier: `${id}-${identifier}`,
      payload: { stripe_customer_id: String(customer), value: '100' },
    });
  await use('first');
  await service.simulator.advanceClock({ seconds: 32 * 86_400 });
  expect((await invoicesAt(id))[0]?.total).toBe(2 * 2900 + 500);
  await use('second');
  expect((await post(token, `subscriptions/${id}/cancel`, { when: 'now' })).status).toBe(200);
  expect((await invoicesAt(id)).map(({ total, status }) => [total, status])).toEqual([
    [500, 'paid'],
    [2 * 2900 + 500, 'paid'],
    [2 * 2900, 'paid'],
  ]);
});

describe('a cancellation', () => {
  test('at the end of the period can be taken back until then; at once it cannot', async () => {
    const token = await admin('cleo', 'leavers');
    const id = await buy(service, token, { product: 'workspace', plan: 'byoc' });
    const cancel = (when?: string) =>
      post<SubscriptionView>(token, `subscriptions/${id}/cancel`, when ? { when } : {});
    const reactivate = () => post<SubscriptionView>(token, `subscriptions/${id}/reactivate`);
    expect((await cancel()).body).toMatchObject({ status: 'active', cancelAtPeriodEnd: true });
    expect((await cancel()).body).toMatchObject({ cancelAtPeriodEnd: true });
    expect(await service.request('POST', `/v1/subscriptions/${id}/cancel`, { token })).toMatchObject({
      status: 200,
      body: { cancelAtPeriodEnd: true },
    });
    for (let click = 0; click < 2; click += 1)
      expect(await reactivate()).toMatchObject({ status: 200, body: { cancelAtPeriodEnd: false } });
    expect((await cancel('tomorrow')).body.errors).toMatchObject([{ field: 'when' }]);

    const ended = await Promise.all([cancel('now'), cancel('now'), cancel('now')]);
    for (const answer of ended) expect(answer).toMatchObject({ status: 200, body: { status: 'canceled' } });
    expect(await reactivate()).toMatchObject({ status: 409, body: { code: 'subscription_ended' } });
    expect(await post(token, `subscriptions/${id}/change`, { plan: 'we-manage' })).toMatchObject({
      status: 409,
      body: { code: 'subscription_ended' },
    });
    await synchronize(service, id);
    expect((await get(token, `subscriptions/${id}`)).body).toMatchObject({ status: 'canceled' });
  });
});

describe('invoices', () => {
  test('are paged, newest first, each an organization’s own, with where to read and pay them', async () => {
    const token = await admin('ina', 'invoiced');
    const id = await buy(service, token, {
      product: 'stream',
      plan: 'professional',
      slug: 'invoiced',
      seats: 1,
    });
    for (const seats of [2, 3, 4]) await post(token, `subscriptions/${id}/change`, { seats });
    const seen: InvoiceView[] = [];
    let cursor: string | null = null;
    do {
      const page: { invoices: InvoiceView[]; nextCursor: string | null } = (
        await get<{ invoices: InvoiceView[]; nextCursor: string | null }>(
          token,
          `invoices?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`,
        )
      ).body;
      seen.push(...page.invoices);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen.map(({ id }) => id)).toEqual((await invoicesAt(id)).map(({ id }) => id));
    expect(seen.at(-1)).toMatchObject({ status: 'paid', totalCents: 2900, subscription: id });
    expect(seen.at(-1)?.hostedUrl).toContain(seen.at(-1)?.id);
    expect(seen.at(-1)?.pdfUrl).toContain(seen.at(-1)?.id);
    expect((await get(token, 'invoices?cursor=in_nobody')).body).toMatchObject({
      errors: [{ field: 'cursor' }],
    });

    const eve = await admin('eve', 'snoopers');
    await buy(service, eve, { product: 'workspace', plan: 'byoc' });
    const invoice = seen[0]?.id;
    const { organization } = (await get<SubscriptionView>(token, `subscriptions/${id}`)).body;
    for (const path of [
      `subscriptions/${id}`,
      `invoices/${invoice}`,
      `invoices?organization=${organization?.id}`,
      `invoices?subscription=${id}`,
      'invoices/in_none',
      'invoices/..%2Fcustomers',
    ])
      expect((await get(eve, path)).body, path).toMatchObject({ code: 'not_found' });
    for (const path of [
      `subscriptions/${id}/preview`,
      `subscriptions/${id}/change`,
      `subscriptions/${id}/cancel`,
      `subscriptions/${id}/reactivate`,
      `invoices/${invoice}/pay`,
    ])
      expect(
        (await post(eve, path, { seats: 1, ...(path.endsWith('cancel') && { seats: undefined }) })).body,
        path,
      ).toMatchObject({ code: 'not_found' });
    expect((await post(eve, 'portal', { subscription: id })).body).toMatchObject({ code: 'not_found' });
    const { nextCursor } = (await get<{ nextCursor: string }>(token, 'invoices?limit=1')).body;
    const own = (await get<{ invoices: InvoiceView[] }>(eve, `invoices?cursor=${nextCursor}`)).body.invoices;
    expect(own.some(({ subscription }) => subscription === id)).toBe(false);
  });

  test('that are overdue hold changes up until they are paid, which is done once', async () => {
    const token = await admin('pam', 'overdue');
    const id = await buy(service, token, { product: 'workspace', plan: 'byoc' });
    const { customer } = await service.stripe.subscriptions.retrieve(id);
    service.simulator.setCard(String(customer), { works: false });
    await service.simulator.advanceClock({ seconds: 32 * 86_400 });
    await synchronize(service, id);
    const late = (await get<SubscriptionView>(token, `subscriptions/${id}`)).body;
    expect(late.status).toBe('past_due');
    expect(Date.parse(late.graceEndsAt ?? '') - Date.parse(late.pastDueSince ?? '')).toBe(7 * 86_400_000);
    expect(await post(token, `subscriptions/${id}/change`, { plan: 'we-manage' })).toMatchObject({
      status: 409,
      body: { code: 'payment_overdue' },
    });
    const open = (await get<{ invoices: InvoiceView[] }>(token, 'invoices?status=open')).body.invoices[0];
    expect(open).toMatchObject({ remainingCents: 1500, subscription: id });
    expect(await post(token, `invoices/${open?.id}/pay`)).toMatchObject({ status: 402 });

    service.simulator.setCard(String(customer), { works: true });
    expect(await post(await viewer('vic', 'overdue'), `invoices/${open?.id}/pay`)).toMatchObject({
      status: 403,
    });
    const paid = await Promise.all([1, 2].map(() => post<InvoiceView>(token, `invoices/${open?.id}/pay`)));
    for (const answer of paid) expect(answer.body).toMatchObject({ status: 'paid', paidCents: 1500 });
    await synchronize(service, id);
    expect((await get(token, `subscriptions/${id}`)).body).toMatchObject({
      status: 'active',
      graceEndsAt: null,
    });
  });
});

describe('a viewer', () => {
  test('reads what an admin changes', async () => {
    const token = await admin('ann', 'readers');
    const id = await buy(service, token, {
      product: 'stream',
      plan: 'professional',
      slug: 'readers',
      seats: 1,
    });
    const reader = await viewer('rob', 'readers');
    expect((await get(reader, `subscriptions/${id}`)).body).toMatchObject({ role: 'viewer' });
    expect(
      (await get<{ subscriptions: unknown[] }>(reader, 'subscriptions')).body.subscriptions,
    ).toMatchObject([{ id, role: 'viewer' }]);
    expect((await get<{ invoices: unknown[] }>(reader, 'invoices')).body.invoices).toHaveLength(1);
    expect((await post(reader, `subscriptions/${id}/preview`, { seats: 2 })).status).toBe(200);
    for (const [path, body] of [
      ['change', { seats: 2 }],
      ['cancel', {}],
      ['reactivate', undefined],
    ] as const)
      expect(await post(reader, `subscriptions/${id}/${path}`, body), path).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    expect(await post(reader, 'portal', {})).toMatchObject({ status: 403 });
    expect(await post(reader, 'portal', { subscription: id })).toMatchObject({ status: 403 });
  });

  test('sees the tenants of the organization, and nobody else’s', async () => {
    const token = await admin('tia', 'tenants');
    const id = await buy(service, token, { product: 'workspace', plan: 'byoc' });
    const { tenant } = (await get<SubscriptionView>(token, `subscriptions/${id}`)).body;
    const reader = await viewer('tom', 'tenants');
    const eve = await viewer('eve', 'others');
    const listed = async (who: string) =>
      (await get<{ tenants: { id: string }[] }>(who, 'tenants')).body.tenants.map((each) => each.id);
    expect(await listed(reader)).toEqual([tenant]);
    expect(await listed(eve)).not.toContain(tenant);
    expect((await get(reader, `tenants/${tenant}`)).status).toBe(200);
    expect((await get(reader, `tenants/${tenant}/timeline`)).status).toBe(200);
    expect((await get(eve, `tenants/${tenant}`)).status).toBe(404);
    expect((await post(reader, `tenants/${tenant}/retry`)).status).toBe(403);
    expect((await post(eve, `tenants/${tenant}/retry`)).status).toBe(404);
    expect((await post(await admin('tex', 'tenants'), `tenants/${tenant}/retry`)).status).toBe(202);
  });

  test('who is made an admin changes it, without a claim in the token too', async () => {
    const token = await admin('ola', 'promoters');
    const id = await buy(service, token, { product: 'workspace', plan: 'byoc' });
    const promoters = await findOrganization(service.database, { claim: 'promoters' });
    const zoe = await service.identity.token('zoe', 'tenant', {
      email: 'zoe@example.com',
      email_verified: true,
    });
    expect((await get(zoe, `subscriptions/${id}`)).status).toBe(404);
    await putMember(service.database, promoters?.id ?? '', { email: 'zoe@example.com' }, 'viewer');
    expect((await post(zoe, `subscriptions/${id}/cancel`, {})).status).toBe(403);
    await putMember(service.database, promoters?.id ?? '', { email: 'zoe@example.com' }, 'admin');
    expect((await post(zoe, `subscriptions/${id}/cancel`, {})).status).toBe(200);
    expect((await get<{ organizations: unknown[] }>(zoe, 'organizations')).body.organizations).toMatchObject([
      { id: promoters?.id, role: 'admin', personal: false, members: [{ email: 'zoe@example.com' }] },
    ]);
  });
});

test('the portal opens for the customer that pays, and lets nobody choose a plan past the catalog', async () => {
  const token = await admin('pat', 'portals');
  const id = await buy(service, token, { product: 'workspace', plan: 'byoc' });
  const opened = await post<{ url: string }>(token, 'portal', {
    subscription: id,
    flow: 'payment_method_update',
  });
  expect(opened.status).toBe(201);
  await post(token, 'portal', { returnUrl: 'https://app.example/back' });
  expect((await post(token, 'portal', { returnUrl: 'javascript:alert(1)' })).body.errors).toMatchObject([
    { field: 'returnUrl' },
  ]);
  const { data } = await service.stripe.billingPortal.configurations.list({ limit: 100 });
  const ours = data.filter(({ metadata }) => metadata?.tenantry_portal);
  expect(ours).toHaveLength(1);
  expect(ours[0]?.features).toMatchObject({
    subscription_update: { enabled: false },
    subscription_cancel: { enabled: true, mode: 'at_period_end' },
  });
  const page = await (await fetch(opened.body.url)).text();
  expect(page).not.toContain('change_plan');
});

test('every request of these is what Stripe describes', async () => {
  expect(await unrepeated('test/billing/customer/billing.test.ts', tee)).toEqual([]);
  expect(await tee.problems()).toEqual([]);
});
