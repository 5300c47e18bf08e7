import { z } from '@hono/zod-openapi';
import { maxLimitMicros } from '../../automation/ledger/index.ts';
import { listQuery, nextCursor, search } from './page.ts';

/** Requests and answers about credits and budgets. Every amount is a whole number of the unit in its name. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });

/** Most credits that one request moves. */
const maxCredits = 1_000_000_000;

const amount = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(maxCredits, `must be at most ${maxCredits}`)
  .openapi({ description: 'Whole credits' });

/** An id of a session, an invoice or a request. Only a reservation itself may end what it holds. */
const cause = z
  .string()
  .regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces')
  .refine((given) => !given.startsWith('res_'), 'must not begin with res_: settle or release the reservation')
  .openapi({
    description: 'What it is for. One cause is booked once, however often you send it',
    example: 'session-4711',
  });

export const holdRequest = z
  .strictObject({
    cause,
    amount,
    expiresInSeconds: z
      .int()
      .min(1)
      .max(7 * 86_400)
      .default(3600),
  })
  .openapi('HoldRequest');

export const captureRequest = z
  .strictObject({
    cause,
    amount,
    hold: cause.optional().openapi({ description: 'Cause of the hold that pays; defaults to the balance' }),
    metered: z
      .boolean()
      .default(false)
      .openapi({ description: 'The work is already done: records what is missing as overshoot' }),
    final: z.boolean().default(true).openapi({ description: 'Releases the rest of the hold' }),
  })
  .openapi('CaptureRequest');

export const releaseRequest = z
  .strictObject({ hold: cause.openapi({ description: 'Cause of the hold' }), cause: cause.optional() })
  .openapi('ReleaseRequest');

export const topUpRequest = z
  .strictObject({ cause, amount, expiresAt: time.optional() })
  .openapi('TopUpRequest');

const count = z.int().nonnegative();

export const ledgerAnswer = z
  .object({
    cause: z.string(),
    amount: count.openapi({ description: 'How much was moved' }),
    overshoot: count.openapi({ description: 'How much of it the balance did not cover' }),
    repeated: z.boolean(),
    balance: z.object({ available: count, held: count }),
  })
  .openapi('LedgerAnswer');

const entryKind = z.enum(['grant', 'top_up', 'hold', 'capture', 'release', 'expiry', 'overshoot']);

export const creditsQuery = listQuery(['-id', 'id'], {
  q: search('A part of the cause'),
  kind: entryKind.optional(),
});

export const credits = z
  .object({
    balance: z.object({ available: count, held: count, overshoot: count }),
    lots: z.array(
      z.object({
        kind: z.enum(['plan', 'top_up']),
        cause: z.string(),
        remaining: count,
        spendBy: time.nullable(),
        expiresAt: time.nullable(),
      }),
    ),
    brake: z.object({
      level: z.enum(['none', 'throttled', 'paused']),
      reason: z.string().nullable(),
      since: time.nullable(),
    }),
    entries: z.array(
      z.object({
        id: z.int(),
        at: time,
        kind: entryKind,
        cause: z.string(),
        amount: count,
        from: z.string(),
        to: z.string(),
      }),
    ),
    nextCursor,
  })
  .openapi('Credits');

const micros = z
  .int('must be a whole number of micro-dollars')
  .min(0, 'must not be negative')
  .openapi({ description: 'Micro-dollars: 1,000,000 are one dollar' });
/** The most that one call may cost: $100,000. */
const maxCallMicros = 100_000_000_000;
const callMicros = micros.max(maxCallMicros, `must be at most ${maxCallMicros}`);
const limitMicros = micros.max(maxLimitMicros, `must be at most ${maxLimitMicros}`);
const label = z.string().regex(/^[\w.:/@-]{1,100}$/, 'must be 1 to 100 letters, digits and . : / @ _ -');

const apiCall = {
  callId: cause.openapi({ description: 'Your own id of the call, which counts once' }),
  provider: label.openapi({ example: 'anthropic' }),
  operation: label.optional(),
  project: label.optional(),
};

export const apiCostBody = z
  .strictObject({ ...apiCall, estimateMicros: callMicros.optional(), costMicros: callMicros.optional() })
  .refine((call) => (call.estimateMicros === undefined) !== (call.costMicros === undefined), {
    path: ['costMicros'],
    message: 'send estimateMicros before the call, or costMicros after it',
  })
  .openapi('ApiCost', {
    description: '`estimateMicros` asks for admission, `costMicros` reports what was spent',
  });

export const budget = z
  .object({
    kind: z.enum(['api', 'spend']),
    month: z.string(),
    limitMicros: z.int().nullable().openapi({ description: 'The effective limit; null for none' }),
    planMicros: z.int().nullable(),
    agreedMicros: z.int().nullable(),
    capMicros: z.int().nullable().openapi({ description: "The owner's own limit" }),
    spentMicros: count,
    reservedMicros: count,
    remainingMicros: count.nullable(),
    calls: count,
    alertedPercent: z.int(),
  })
  .openapi('Budget');

export const budgets = z.object({ budgets: z.array(budget) }).openapi('Budgets');

export const budgetChange = z
  .strictObject({
    kind: z.enum(['api', 'spend']),
    capMicros: limitMicros.nullable().optional(),
    agreedMicros: limitMicros.nullable().optional().openapi({ description: 'For operators' }),
  })
  .openapi('BudgetChange');

export const apiCostAnswer = z
  .object({ callId: z.string(), repeated: z.boolean(), budget })
  .openapi('ApiCostAnswer');

export const apiCostQuery = listQuery(['-at', 'at'], {
  q: search('Beginning of the id of a call'),
  provider: label.optional(),
  operation: label.optional(),
  project: label.optional(),
  state: z
    .enum(['open', 'settled'])
    .optional()
    .openapi({ description: '`open`: its cost has not been reported' }),
});

export const apiCosts = z
  .object({
    days: z.array(z.object({ day: z.string(), costMicros: count, calls: count })),
    calls: z.array(
      z.object({
        callId: z.string(),
        at: time,
        provider: z.string(),
        operation: z.string().nullable(),
        project: z.string().nullable(),
        estimateMicros: count.nullable(),
        costMicros: count.nullable(),
      }),
    ),
    nextCursor,
  })
  .openapi('ApiCosts');
