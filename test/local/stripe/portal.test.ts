import { expect, test } from 'vitest';
import { idOf, priceOf, simulate, subscribe } from './simulated.ts';

async function openPortal() {
  const it = await simulate();
  const made = await subscribe(it, 'small');
  const session = await it.stripe.billingPortal.sessions.create({
    customer: made.customer,
    return_url: 'http://localhost/account',
  });
  const act = (fields: Record<string, string>) =>
    fetch(session.url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  const page = async () => (await fetch(session.url)).text();
  const current = () => it.stripe.subscriptions.retrieve(made.subscription.id);
  return { ...it, ...made, session, act, page, current };
}

test('the portal shows the subscription and the plans it can change to', async () => {
  const { page, subscription } = await openPortal();
  const html = await page();
  expect(html).toContain('Workspaces: Small');
  expect(html).toContain('Workspaces: Large: $45.00');
  expect(html).toContain(subscription.id);
  expect(html).toContain('http://localhost/account');
  expect(html).not.toContain('vCPU hours');
});

test('a change of plan there is charged at once', async () => {
  const { act, current, stripe, subscription } = await openPortal();
  const large = await priceOf(stripe, 'large');
  expect((await act({ action: 'change_plan', subscription: subscription.id, price: large.id })).status).toBe(
    303,
  );
  const changed = await current();
  expect(changed.items.data[0]?.price.id).toBe(large.id);
  expect((await stripe.invoices.retrieve(idOf(changed.latest_invoice))).billing_reason).toBe(
    'subscription_update',
  );
});

test('cancelling there ends it with the period, and can be taken back', async () => {
  const { act, current, subscription } = await openPortal();
  await act({ action: 'cancel', subscription: subscription.id });
  expect(await current()).toMatchObject({ cancel_at_period_end: true, status: 'active' });
  await act({ action: 'reactivate', subscription: subscription.id });
  expect(await current()).toMatchObject({ cancel_at_period_end: false, cancel_at: null });
});

test('a card fixed there settles what is open', async () => {
  const { act, current, page, simulator, subscription } = await openPortal();
  await act({ action: 'card', works: 'false' });
  expect(await page()).toContain('0341 (declines)');
  await simulator.advanceClock({ to: (subscription.items.data[0]?.current_period_end ?? 0) + 3600 });
  expect((await current()).status).toBe('past_due');
  await act({ action: 'card', works: 'true' });
  expect((await current()).status).toBe('active');
});

test("nobody acts on another customer's subscription, nor against the configuration", async () => {
  const { act, simulator, stripe, subscription, customer } = await openPortal();
  const other = await subscribe({ simulator, stripe });
  expect((await act({ action: 'cancel', subscription: other.subscription.id })).status).toBe(400);
  const configuration = await stripe.billingPortal.configurations.create({
    business_profile: {},
    features: { subscription_cancel: { enabled: false } },
  });
  const strict = await stripe.billingPortal.sessions.create({ customer, configuration: configuration.id });
  const answer = await fetch(strict.url, {
    method: 'POST',
    body: new URLSearchParams({ action: 'cancel', subscription: subscription.id }),
  });
  expect(answer.status).toBe(400);
  expect((await stripe.subscriptions.retrieve(subscription.id)).cancel_at_period_end).toBe(false);
});
