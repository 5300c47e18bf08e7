import { z } from '@hono/zod-openapi';
import { listQuery, nextCursor } from './page.ts';
import { tenantFilters } from './tenant.ts';

/** Requests and answers about metering. Quantities are decimal numbers as text, so that no digit is lost. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });
const count = z.int().nonnegative();
const cents = z.int().openapi({ description: 'Whole US cents' });
const quantity = z.string().openapi({ description: 'A decimal number', example: '12.5' });

export const usageFormats = ['json', 'csv'] as const;
const format = z.enum(usageFormats).default('json');
const month = z
  .string()
  .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
  .optional()
  .openapi({ description: 'A calendar month (UTC); defaults to the present one' });
const day = z.iso.date();

export const statementQuery = z.object({ month, format });

export const usageSteps = ['sample', 'hour', 'day'] as const;
export const usageQuery = z.object({
  by: z
    .enum(usageSteps)
    .default('day')
    .openapi({ description: 'Samples of five minutes are kept 35 days, hours 400 days, days three years' }),
  from: day.optional().openapi({ description: 'First day (UTC); the first of this month when left out' }),
  until: day.optional().openapi({ description: 'The last day; defaults to today' }),
  format,
});

const gap = z.object({
  cell: z.string(),
  from: time,
  until: time,
  samples: count.openapi({ description: 'How many samples are missing' }),
});

export const usage = z
  .object({
    by: z.enum(usageSteps),
    from: day,
    until: day,
    samples: z.array(z.object({ at: time, cpuMillis: count, memoryKb: count, storageMb: count })).optional(),
    hours: z
      .array(
        z.object({
          hour: time,
          cpuMilliSeconds: count,
          memoryKbSeconds: count,
          storageMbSeconds: count,
          samples: count.openapi({ description: 'How many of 12 samples exist' }),
        }),
      )
      .optional(),
    days: z
      .array(z.object({ day, dimension: z.string(), quantity, unit: z.string(), microUnits: count }))
      .optional(),
    gaps: z.array(gap).openapi({ description: 'Times without samples, for which nobody is charged' }),
  })
  .openapi('Usage');

export const statement = z
  .object({
    tenant: z.string(),
    month: z.string(),
    lines: z.array(
      z.object({
        section: z.enum(['subscription', 'compute', 'storage', 'other']),
        id: z.string(),
        name: z.string(),
        quantity,
        unit: z.string(),
        unitPriceMicros: count
          .nullable()
          .openapi({ description: 'Micro-dollars; null where the plan includes it or it is agreed by hand' }),
        amountCents: cents,
      }),
    ),
    subscriptionCents: cents,
    computeCents: cents,
    storageCents: cents,
    otherCents: cents,
    totalCents: cents,
    topConsumers: z
      .array(z.object({ consumer: z.string(), cpuHours: quantity, memoryGbHours: quantity }))
      .openapi({ description: 'Who within the tenant used the most' }),
    gaps: z.array(gap),
  })
  .openapi('Statement');

export const fleetUsageQuery = listQuery(['-usage', 'usage', 'slug', '-slug'], {
  ...tenantFilters,
  month,
  format,
});

export const fleetUsage = z
  .object({
    month: z.string(),
    tenants: z
      .array(
        z.object({
          tenant: z.string(),
          product: z.string(),
          slug: z.string(),
          subscriptionCents: cents,
          computeCents: cents,
          storageCents: cents,
          otherCents: cents,
          totalCents: cents,
        }),
      )
      .openapi({ description: 'Most expensive first, unless sorted otherwise' }),
    nextCursor,
    metering: z.object({
      cells: z.array(z.object({ cell: z.string(), lastSample: time, source: z.string() })),
      staleHours: count,
      oldestStaleHour: time.nullable(),
      unreported: count.openapi({
        description: 'Days of tenants and dimensions that are not yet reported to Stripe',
      }),
      oldestUnreportedDay: day.nullable(),
      overreported: count.openapi({
        description: 'Days of tenants and dimensions of which Stripe has too much',
      }),
    }),
    gaps: z.array(gap),
  })
  .openapi('FleetUsage');

const mostSamples = 300;

export const toldUsage = z
  .strictObject({
    samples: z
      .array(
        z.strictObject({
          dimension: z.string().min(1).max(100).openapi({ description: 'A meter of the tenant’s product' }),
          at: time.openapi({ description: 'Counts for the five minutes that it lies in' }),
          quantity: z
            .string()
            .max(20)
            .openapi({ description: 'A decimal number of at most six places', example: '12.5' }),
        }),
      )
      .min(1)
      .max(mostSamples),
    replace: z.boolean().default(false).openapi({
      description: 'Corrects what was told before; otherwise the greatest amount of five minutes counts',
    }),
  })
  .openapi('ToldUsage');

export const toldAnswer = z.object({ accepted: count }).openapi('ToldUsageAnswer');
