import { z } from '@hono/zod-openapi';
import { microUnitsOf } from '../../automation/metering/index.ts';
import { listQuery, nextCursor, search } from './page.ts';
import { tenantParams } from './tenant.ts';

/** Requests and answers about entitlements and reservations. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });
const resetsAt = time
  .nullable()
  .openapi({ description: 'When there is more again; null where waiting does not help' });
const count = z.int().nonnegative();
const quantity = z.number().nonnegative().openapi({ description: "In the meter's unit, to six places" });

const entitlement = z
  .object({
    value: z
      .union([z.number(), z.boolean(), z.string(), z.array(z.string()), z.null()])
      .openapi({ description: 'What the plan grants; null is unlimited or agreed by hand' }),
    use: z
      .object({
        per: z.enum(['month', 'at_once', 'credits']).openapi({
          description:
            '`month`: used in this calendar month (UTC). `at_once`: open now. `credits`: what remains is what the credits pay for',
        }),
        meters: z.array(z.string()).openapi({ description: 'What counts it' }),
        used: quantity,
        held: quantity.openapi({ description: 'Held by open reservations' }),
        remaining: quantity.nullable().openapi({ description: 'null is unlimited' }),
        resetsAt,
      })
      .nullable()
      .openapi({ description: 'null where nothing counts it' }),
  })
  .openapi('Entitlement');

export const entitlements = z
  .object({
    tenant: z.string(),
    product: z.string(),
    plan: z.string(),
    state: z.enum(['active', 'suspended', 'deleted']),
    reason: z.object({ code: z.string(), message: z.string() }).nullable().openapi({
      description: 'Why it is suspended',
    }),
    entitlements: z.record(z.string(), entitlement),
    planFeatures: z
      .array(z.string())
      .openapi({ description: 'The entitlements that the plan has as true. Only the plan decides them' }),
    credits: z
      .object({
        available: count,
        held: count,
        allowance: count.openapi({ description: 'What a paid period grants' }),
        resetsAt,
      })
      .nullable()
      .openapi({ description: 'null where the product is not on credits' }),
    budgets: z.array(
      z.object({
        kind: z.enum(['api', 'spend']),
        limitMicros: count.nullable(),
        spentMicros: count,
        reservedMicros: count,
        remainingMicros: count.nullable(),
        resetsAt: time,
      }),
    ),
    database: z
      .object({
        usedBytes: count,
        limitBytes: count,
        fullSince: time.nullable().openapi({
          description: 'Since when it takes no more writes, only deletions; null while it takes them',
        }),
      })
      .nullable()
      .openapi({
        description: "The disk of the tenant's database; null where there is none, or not measured yet",
      }),
  })
  .openapi('Entitlements');

/** A day. */
const mostHoldSeconds = 86_400;
/** The most that the API calls of one use may cost: $100,000. */
const mostCostMicros = 100_000_000_000;

const amount = z
  .number()
  .refine((value) => (microUnitsOf(String(value)) ?? -1) >= 0, 'must be from 0 on, of at most six places')
  .openapi({ description: "In the meter's unit" });
const costMicros = z
  .int('must be a whole number of micro-dollars')
  .min(0, 'must not be negative')
  .max(mostCostMicros, `must be at most ${mostCostMicros}`);
const name = z.string().min(1).max(100);

export const checkRequest = z
  .strictObject({
    key: z
      .string()
      .regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces')
      .openapi({
        description: 'Your own id of the use. One key reserves once, however often you send it',
        example: 'task-4711',
      }),
    check: name.optional().openapi({ description: "A check of the product's service", example: 'task' }),
    entitlement: name
      .optional()
      .openapi({ description: 'An entitlement of the plan', example: 'lettersPerMonth' }),
    meter: name.optional().openapi({ description: 'A meter of the product', example: 'letters_sent' }),
    amount: amount
      .refine((value) => value > 0, 'must be more than 0')
      .default(1)
      .openapi({ description: "How much, in the meter's unit; a whole number for a check" }),
    attributes: z
      .record(z.string().min(1).max(64), z.union([z.string().max(500), z.number(), z.boolean()]))
      .default({})
      .openapi({ description: 'What the check needs; `value` for an entitlement that is a list' }),
    costMicros: costMicros
      .min(1, 'must be at least 1')
      .optional()
      .openapi({ description: 'The most that its API calls may cost, held from the API budget' }),
    holdSeconds: z
      .int()
      .min(1, 'must be at least 1')
      .max(mostHoldSeconds, `must be at most ${mostHoldSeconds}`)
      .default(600)
      .openapi({ description: 'The reservation expires unless you settle or release it in this time' }),
  })
  .refine(
    ({ check, entitlement: asked, meter, costMicros: cost }) => {
      const named = [check, asked, meter].filter((given) => given !== undefined).length;
      return named === 1 || (named === 0 && cost !== undefined);
    },
    { path: ['check'], message: 'send one of check, entitlement and meter, or costMicros alone' },
  )
  .openapi('CheckRequest');

const reservationStates = ['open', 'settled', 'released', 'expired'] as const;

const reservation = z
  .object({
    id: z.string(),
    key: z.string(),
    state: z.enum(reservationStates),
    meter: z.string().nullable().openapi({ description: 'Counts the use once it is settled' }),
    amount: quantity,
    credits: count.nullable(),
    costMicros: count.nullable(),
    estimatedCostMicros: count,
    createdAt: time,
    expiresAt: time,
    settled: z.object({ amount: quantity, costMicros: count.nullable() }).nullable(),
  })
  .openapi('Reservation');

export const reservationQuery = listQuery(['-createdAt', 'createdAt'], {
  q: search('Beginning of an id or of a key'),
  meter: name.regex(/^[\w.-]+$/, 'is the id of a meter').optional(),
  state: z.enum(reservationStates).optional(),
});

export const reservationList = z
  .object({ reservations: z.array(reservation), nextCursor })
  .openapi('ReservationList');

export const checkAnswer = z
  .object({
    admitted: z.literal(true),
    repeated: z
      .boolean()
      .openapi({ description: 'True when an earlier request with the key made the reservation' }),
    reservation,
    remaining: z
      .array(
        z.object({
          limit: z.string().openapi({
            description: 'An entitlement, `credits`, or `apiBudget` in micro-dollars',
          }),
          left: z.number().nullable().openapi({ description: 'After this use; null is unlimited' }),
          resetsAt,
        }),
      )
      .openapi({ description: 'Empty in a repeated answer' }),
  })
  .openapi('CheckAnswer');

export const reservationParams = tenantParams.extend({
  reservation: z
    .string()
    .regex(/^res_[0-9a-f]{24}$/, 'is the id of a reservation')
    .openapi({ param: { name: 'reservation', in: 'path' } }),
});

export const settleRequest = z
  .strictObject({
    amount: amount
      .optional()
      .openapi({ description: 'How much was used; defaults to all that was reserved' }),
    costMicros: costMicros
      .optional()
      .openapi({ description: 'What its API calls cost, which may exceed what was held' }),
  })
  .openapi('SettleRequest');

export const settleAnswer = z.object({ repeated: z.boolean(), reservation }).openapi('SettleAnswer');
