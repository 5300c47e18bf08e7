/** Billing meters: usage events, unique by identifier, and the invoice lines that they add up to. */

import { z } from 'zod';
import { type Context, find, saveChanged } from '../context.ts';
import type { InvoiceLineDoc, ListOf, MeterDoc, SubscriptionDoc, SubscriptionItemDoc } from '../documents.ts';
import { missingParam, StripeError } from '../http/errors.ts';
import type { Form } from '../http/form.ts';
import { embeddedList, listOf } from '../http/lists.ts';
import { anyCall, decimal, ignored, integer, listCall, parseParams, text } from '../http/params.ts';
import { newId } from '../ids.ts';
import { isMetered, usageLine } from '../invoices/lines.ts';
import { sumDecimals } from './money.ts';

const day = 86_400;

interface UsageRow {
  identifier: string;
  event_name: string;
  customer: string;
  value: string;
  timestamp: number;
  created: number;
  cancelled: number;
}

const createMeterParams = z.strictObject({
  ...anyCall,
  display_name: text.max(250),
  event_name: text.max(100),
  default_aggregation: z.strictObject({ formula: z.enum(['sum', 'count', 'last']) }),
  customer_mapping: z.strictObject({ event_payload_key: text, type: z.literal('by_id') }).optional(),
  value_settings: z.strictObject({ event_payload_key: text }).optional(),
  event_time_window: z.enum(['day', 'hour']).optional(),
});

export function createMeter(context: Context, form: Form): MeterDoc {
  const params = parseParams(createMeterParams, form);
  const taken = context.store.all('meter', { keyIn: [params.event_name], statusIn: ['active'] })[0];
  if (taken) {
    throw new StripeError(
      `There is already an active meter (${taken.id}) with the event name ${params.event_name}.`,
      { code: 'resource_already_exists', param: 'event_name' },
    );
  }
  const meter: MeterDoc = {
    id: newId('meter'),
    object: 'billing.meter',
    created: context.now(),
    customer_mapping: params.customer_mapping ?? { event_payload_key: 'stripe_customer_id', type: 'by_id' },
    default_aggregation: params.default_aggregation,
    display_name: params.display_name,
    event_name: params.event_name,
    event_time_window: params.event_time_window ?? null,
    livemode: false,
    status: 'active',
    status_transitions: { deactivated_at: null },
    updated: context.now(),
    value_settings: params.value_settings ?? { event_payload_key: 'value' },
  };
  context.store.put('meter', meter);
  context.emit('billing.meter.created', meter);
  return meter;
}

export function updateMeter(context: Context, id: string, form: Form): MeterDoc {
  const before = find(context, 'meter', id);
  const params = parseParams(z.strictObject({ ...anyCall, display_name: text.max(250).optional() }), form);
  const after = {
    ...before,
    display_name: params.display_name ?? before.display_name,
    updated: context.now(),
  };
  saveChanged(context, 'meter', before, after, 'billing.meter.updated');
  return after;
}

export function setMeterStatus(context: Context, id: string, status: 'active' | 'inactive'): MeterDoc {
  const before = find(context, 'meter', id);
  const now = context.now();
  const status_transitions = { deactivated_at: status === 'active' ? null : now };
  const after: MeterDoc = { ...before, status, status_transitions, updated: now };
  context.store.put('meter', after);
  context.emit(status === 'active' ? 'billing.meter.reactivated' : 'billing.meter.deactivated', after);
  return after;
}

const listMeterParams = z.strictObject({ ...listCall, status: z.enum(['active', 'inactive']).optional() });

export function listMeters(context: Context, form: Form): ListOf<MeterDoc> {
  const params = parseParams(listMeterParams, form);
  return listOf(
    context,
    'meter',
    '/v1/billing/meters',
    { statusIn: params.status && [params.status] },
    params,
  );
}

const createEventParams = z.strictObject({
  ...anyCall,
  event_name: text.max(100),
  identifier: text.max(100).optional(),
  payload: z.record(z.string(), z.string()),
  timestamp: integer.optional(),
});

/**
 * Records usage. Refuses an identifier that was used before, as Stripe does: callers take that refusal as proof that
 * the usage had arrived.
 */
export function createMeterEvent(context: Context, form: Form): Record<string, unknown> {
  const params = parseParams(createEventParams, form);
  const meter = context.store.all('meter', { keyIn: [params.event_name], statusIn: ['active'] })[0];
  if (!meter) {
    throw new StripeError(`No active meter found for event name ${params.event_name}.`, {
      code: 'no_meter',
      param: 'event_name',
    });
  }
  const customerKey = meter.customer_mapping.event_payload_key;
  const customer = params.payload[customerKey];
  if (customer === undefined) throw missingParam(`payload[${customerKey}]`);
  const value = meterValue(meter, params.payload);
  const now = context.now();
  const timestamp = params.timestamp ?? now;
  if (timestamp < now - 35 * day || timestamp > now + 300) {
    throw new StripeError(
      'The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.',
      {
        param: 'timestamp',
      },
    );
  }
  const identifier = params.identifier ?? newId('request').slice('req_'.length) + now;
  const added = context.store.run(
    `INSERT INTO meter_events (identifier, event_name, customer, value, timestamp, created) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    identifier,
    params.event_name,
    customer,
    value,
    timestamp,
    now,
  );
  if (added === 0) throw new StripeError(`An event already exists with identifier ${identifier}.`);
  return {
    object: 'billing.meter_event',
    created: now,
    event_name: params.event_name,
    identifier,
    livemode: false,
    payload: params.payload,
    timestamp,
  };
}

function meterValue(meter: MeterDoc, payload: Record<string, string>): string {
  if (meter.default_aggregation.formula === 'count') return '1';
  const key = meter.value_settings.event_payload_key;
  const given = payload[key];
  if (given === undefined) throw missingParam(`payload[${key}]`);
  if (!decimal.safeParse(given).success) {
    throw new StripeError(`Invalid value for payload[${key}]: ${given}`, {
      code: 'meter_event_invalid_value',
      param: `payload[${key}]`,
    });
  }
  return given;
}

const adjustmentParams = z.strictObject({
  ...anyCall,
  event_name: text,
  type: z.literal('cancel'),
  cancel: z.strictObject({ identifier: text }),
});

/** Cancels an event that Stripe received within the last 24 hours. */
export function adjustMeterEvent(context: Context, form: Form): Record<string, unknown> {
  const params = parseParams(adjustmentParams, form);
  const { identifier } = params.cancel;
  const [row] = context.store.rows<UsageRow>(
    'SELECT * FROM meter_events WHERE identifier = ? AND event_name = ?',
    identifier,
    params.event_name,
  );
  if (!row) {
    throw new StripeError(`No meter event found with identifier ${identifier}.`, {
      code: 'resource_missing',
      param: 'cancel[identifier]',
    });
  }
  if (row.created < context.now() - day) {
    throw new StripeError('Meter events can only be cancelled within 24 hours of being received.', {
      param: 'cancel[identifier]',
    });
  }
  context.store.run('UPDATE meter_events SET cancelled = 1 WHERE identifier = ?', identifier);
  return {
    object: 'billing.meter_event_adjustment',
    cancel: { identifier },
    event_name: params.event_name,
    livemode: false,
    status: 'complete',
    type: 'cancel',
  };
}

const summaryParams = z.strictObject({
  ...listCall,
  customer: text,
  start_time: integer,
  end_time: integer,
  value_grouping_window: ignored,
});

/** One summary over the whole time asked for. */
export function summarizeMeter(context: Context, id: string, form: Form): ListOf<Record<string, unknown>> {
  const meter = find(context, 'meter', id);
  const params = parseParams(summaryParams, form);
  const used = usageBetween(context, meter, params.customer, params.start_time, params.end_time);
  const summary = {
    id: `mtrusg_test_${meter.id.slice(-8)}${params.start_time}`,
    object: 'billing.meter_event_summary',
    aggregated_value: Number(used),
    end_time: params.end_time,
    livemode: false,
    meter: id,
    start_time: params.start_time,
  };
  return embeddedList([summary], `/v1/billing/meters/${id}/event_summaries`);
}

/** A customer's usage in [start, end), as the meter aggregates it; a decimal string. */
export function usageBetween(
  context: Context,
  meter: MeterDoc,
  customer: string,
  start: number,
  end: number,
): string {
  const rows = context.store.rows<UsageRow>(
    `SELECT * FROM meter_events
     WHERE event_name = ? AND customer = ? AND timestamp >= ? AND timestamp < ? AND cancelled = 0
     ORDER BY timestamp, created`,
    meter.event_name,
    customer,
    start,
    end,
  );
  if (meter.default_aggregation.formula === 'last') return rows.at(-1)?.value ?? '0';
  return sumDecimals(rows.map((row) => row.value));
}

/** Lines for what the items' meters counted since the last invoice; remembers where it stopped unless `preview`. */
export function usageLines(
  context: Context,
  subscription: SubscriptionDoc,
  items: readonly SubscriptionItemDoc[],
  until: number,
  preview = false,
): InvoiceLineDoc[] {
  const metered = items.filter((item) => isMetered(item.price));
  if (metered.length === 0) return [];
  const hidden = context.store.hidden('subscription', subscription.id);
  const since = hidden?.billedUsageUntil ?? subscription.created;
  if (!preview) context.store.put('subscription', subscription, { hidden: { billedUsageUntil: until } });
  return metered.flatMap((item) => {
    const meter = context.store.get('meter', item.price.recurring?.meter ?? '');
    if (!meter) return [];
    const used = usageBetween(context, meter, subscription.customer, since, until);
    return [usageLine(item, used, { start: since, end: until })];
  });
}
