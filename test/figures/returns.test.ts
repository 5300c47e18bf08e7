/** Credit notes and refunds: Stripe's present state counts, whatever the events said and however often. */
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { receiveEvent } from '../../automation/billing/events/received-events.ts';
import { addPayments } from '../../automation/figures/log.ts';
import { listReceipts } from '../../automation/figures/read.ts';
import { takeReturns } from '../../automation/figures/returns.ts';
import type { Database } from '../../automation/store/database.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 2 });
  database = control.database;
});
afterAll(() => control?.drop());

const created = Date.parse('2026-11-05T00:00:00Z') / 1000;
const refund = (id: string, amount: number, more: object = {}) => ({
  id,
  object: 'refund',
  amount,
  currency: 'usd',
  created,
  status: 'succeeded',
  charge: 'ch_1',
  payment_intent: 'pi_1',
  ...more,
});
const note = (id: string, total: number, more: object = {}) => ({
  id,
  object: 'credit_note',
  invoice: 'in_1',
  customer: 'cus_1',
  currency: 'usd',
  created,
  status: 'issued',
  voided_at: null,
  total,
  total_excluding_tax: total,
  refunds: [],
  ...more,
});

/** Stripe with these objects and nothing else; what it has can be changed. */
const objects = new Map<string, unknown>();
const retrieve = async (id: string) => {
  const found = objects.get(id);
  if (found) return found;
  throw new Stripe.errors.StripeInvalidRequestError({
    message: 'none',
    type: 'invalid_request_error',
    statusCode: 404,
  } as never);
};
const stripe = {
  refunds: { retrieve },
  creditNotes: { retrieve },
  invoicePayments: { list: async () => ({ data: [{ invoice: 'in_1' }] }) },
} as unknown as Stripe;

let events = 0;
async function tell(id: string, object?: { readonly id: string; readonly object: string }): Promise<void> {
  if (object) objects.set(id, object);
  events += 1;
  const objectType = id.startsWith('re_') ? 'refund' : 'credit_note';
  const event = {
    id: `evt_${events}`,
    type: `${objectType}.updated`,
    objectType,
    objectId: id,
    subscriptionId: null,
  };
  await receiveEvent(database, { ...event, needsLookup: false, body: '{}' } as Parameters<
    typeof receiveEvent
  >[1]);
  await takeReturns(database, stripe);
  await takeReturns(database, stripe);
}

async function revenue(): Promise<Record<string, number>> {
  const receipts = await listReceipts(database, new Date('2026-11-01'), new Date('2026-12-01'));
  const sums: Record<string, number> = {};
  for (const { kind, cents } of receipts) sums[kind] = (sums[kind] ?? 0) + cents;
  return sums;
}

test('what is given back lowers revenue once, and is given back no more when that failed', async () => {
  await addPayments(database, [
    {
      id: 'in_1',
      kind: 'invoice',
      at: new Date('2026-11-01'),
      currency: 'usd',
      cents: 9900,
      subscriptionId: 'sub_1',
      invoiceId: 'in_1',
      settles: true,
    },
  ]);
  await tell('re_pending', refund('re_pending', 1000, { status: 'pending' }));
  expect(await revenue()).toEqual({ invoice: 9900 });
  await tell('re_pending', refund('re_pending', 1000));
  await tell('re_pending');
  expect(await revenue()).toEqual({ invoice: 9900, refund: -1000 });
  await tell('re_pending', refund('re_pending', 1000, { status: 'failed' }));
  expect(await revenue()).toEqual({ invoice: 9900, refund: 0 });

  // A credit note that a refund pays out is one reduction, whichever arrives first.
  await tell('re_paid_out', refund('re_paid_out', 2000));
  expect(await revenue()).toEqual({ invoice: 9900, refund: -2000 });
  await tell('cn_1', note('cn_1', 2000, { refunds: [{ refund: 're_paid_out' }] }));
  expect(await revenue()).toEqual({ invoice: 9900, refund: 0, credit_note: -2000 });

  const voidedAt = Date.parse('2026-11-20T00:00:00Z') / 1000;
  await tell('cn_2', note('cn_2', 500));
  expect((await revenue()).credit_note).toBe(-2500);
  await tell('cn_2', note('cn_2', 500, { status: 'void', voided_at: voidedAt }));
  expect((await revenue()).credit_note).toBe(-2000);

  // One that Stripe does not have counts as nothing.
  await tell('re_none');
  expect((await revenue()).refund).toBe(0);
});
