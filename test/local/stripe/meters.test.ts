import { expect, test } from 'vitest';
import { day, priceOf, simulate, subscribe } from './simulated.ts';

async function metered() {
  const it = await simulate();
  const small = await priceOf(it.stripe, 'small');
  const [usage] = (await it.stripe.prices.list({ lookup_keys: ['tenantry-meter:workspace:cpu_hours'] })).data;
  const made = await subscribe(it, 'small', {
    line_items: [{ price: small.id, quantity: 1 }, { price: usage?.id ?? '' }],
  });
  const report = (value: string, identifier: string, customer = made.customer) =>
    it.stripe.billing.meterEvents.create({
      event_name: 'cpu_hours',
      identifier,
      payload: { stripe_customer_id: customer, value },
    });
  return { ...it, ...made, report };
}

test('usage is charged with the next renewal, once', async () => {
  const { report, simulator, stripe, subscription } = await metered();
  expect(subscription.items.data.map(({ quantity }) => quantity)).toEqual([1, undefined]);
  await report('10', 'a');
  await report('2.5', 'b');
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  await simulator.advanceClock({ to: end + 3600 });
  const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
  // 12.5 hours at five cents are 62.5, rounded up.
  expect(renewal?.lines.data.map(({ amount }) => amount)).toEqual([63, 1500]);
  await simulator.advanceClock({ seconds: 31 * day });
  const [second] = (await stripe.invoices.list({ subscription: subscription.id })).data;
  expect(second?.total).toBe(1500);
});

test('an identifier counts once, and can be cancelled within a day', async () => {
  const { report, simulator, stripe, customer } = await metered();
  await report('10', 'a');
  await expect(report('10', 'a')).rejects.toMatchObject({
    statusCode: 400,
    message: 'An event already exists with identifier a.',
  });
  await report('7', 'b');
  await stripe.billing.meterEventAdjustments.create({
    event_name: 'cpu_hours',
    type: 'cancel',
    cancel: { identifier: 'a' },
  });
  const [meter] = (await stripe.billing.meters.list({ status: 'active' })).data.filter(
    ({ event_name }) => event_name === 'cpu_hours',
  );
  const { now } = simulator.clock();
  const summaries = await stripe.billing.meters.listEventSummaries(meter?.id ?? '', {
    customer,
    start_time: now - day,
    end_time: now + 60,
  });
  expect(summaries.data[0]?.aggregated_value).toBe(7);
  await simulator.advanceClock({ seconds: day + 1 });
  await expect(
    stripe.billing.meterEventAdjustments.create({
      event_name: 'cpu_hours',
      type: 'cancel',
      cancel: { identifier: 'b' },
    }),
  ).rejects.toThrow('24 hours');
});

test('unknown meters, missing customers and wrong values are refused', async () => {
  const { report, stripe } = await metered();
  await expect(
    stripe.billing.meterEvents.create({ event_name: 'nothing', payload: {} }),
  ).rejects.toMatchObject({
    statusCode: 400,
  });
  await expect(report('many', 'c')).rejects.toMatchObject({ code: 'meter_event_invalid_value' });
  await expect(
    stripe.billing.meterEvents.create({ event_name: 'cpu_hours', payload: { value: '1' } }),
  ).rejects.toMatchObject({ code: 'parameter_missing' });
});

test('what was used until a subscription ended is charged', async () => {
  const { report, simulator, stripe, subscription } = await metered();
  await report('100', 'a');
  await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  await simulator.advanceClock({ to: subscription.items.data[0]?.current_period_end ?? 0 });
  const [last] = (await stripe.invoices.list({ subscription: subscription.id })).data;
  expect(last).toMatchObject({ total: 500, status: 'paid' });
});
