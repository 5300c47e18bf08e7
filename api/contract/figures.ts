import { z } from '@hono/zod-openapi';
import { groupings } from '../../automation/figures/index.ts';

/**
 * Requests and answers about business figures. `…Micros` are millionths of the currency's unit (10,000 a cent), so that sums
 * are exact even if a month has a share of a year's price. Rates are shares of 1. docs/business-figures.md defines each
 * figure.
 */

const date = z.iso.date().openapi({ example: '2026-11-21' });
const micros = z.int().openapi({ description: 'Millionths of the unit of the currency' });
const rate = z.number().nullable();

export const currency = z
  .string()
  .regex(/^[a-z]{3}$/, 'must be three small letters')
  .openapi({ example: 'usd', description: 'Figures are in one currency; nothing is converted' });

export const figuresQuery = z.object({
  from: date.optional().openapi({ description: 'First UTC day; the first of the month eleven months ago' }),
  to: date.optional().openapi({ description: 'Last UTC day; today' }),
  every: z.enum(['day', 'month', 'whole']).default('month'),
  by: z.enum(groupings).default('none'),
  currency: currency.default('usd'),
});

const conversion = z.object({
  of: z.int().openapi({ description: 'How many had the chance to convert in the period' }),
  converted: z.int().openapi({ description: 'How many of them have paid since' }),
  rate,
});

export const figuresRow = z
  .object({
    period: z.string().openapi({ example: '2026-11' }),
    from: date,
    to: date.openapi({ description: 'Exclusive' }),
    product: z.string().nullable(),
    plan: z.string().nullable(),
    openingMrrMicros: micros,
    movementsMicros: z.object({
      new: micros,
      reactivation: micros,
      expansion: micros,
      contraction: micros,
      churn: micros,
      moved: micros,
    }),
    closingMrrMicros: micros,
    openingCustomers: z.int(),
    newCustomers: z.int(),
    reactivatedCustomers: z.int(),
    lostCustomers: z.int(),
    movedCustomers: z.int(),
    closingCustomers: z.int(),
    arpaMicros: micros.nullable(),
    logoChurnRate: rate,
    revenueChurnRate: rate,
    netRevenueChurnRate: rate,
    ltvMicros: micros.nullable(),
    invoicedCents: z.int(),
    creditedCents: z.int(),
    refundedCents: z.int(),
    revenueCents: z.int(),
    conversions: z.object({ trial: conversion, free: conversion, checkout: conversion }),
  })
  .openapi('FiguresRow');

export const figures = z
  .object({
    from: date,
    to: date.openapi({ description: 'Exclusive' }),
    every: z.enum(['day', 'month', 'whole']),
    by: z.enum(groupings),
    currency,
    currencies: z.array(currency).openapi({ description: 'Every currency in use' }),
    asOf: z.iso.datetime(),
    rows: z.array(figuresRow),
  })
  .openapi('Figures');
export type FiguresView = z.infer<typeof figures>;

export const mrrQuery = z.object({
  at: z.iso.datetime().optional().openapi({ description: 'An instant, past ones too; now' }),
});

export const mrr = z
  .object({
    at: z.iso.datetime(),
    plans: z.array(
      z.object({
        product: z.string(),
        plan: z.string(),
        currency,
        mrrMicros: micros,
        customers: z.int(),
      }),
    ),
  })
  .openapi('Mrr');

export const overview = z
  .object({
    asOf: z.iso.datetime(),
    products: z.array(
      z.object({
        product: z.string(),
        applications: z.object({ total: z.int(), pending: z.int(), approved: z.int() }),
        subscriptions: z.array(
          z.object({ plan: z.string(), status: z.string(), count: z.int(), seats: z.int() }),
        ),
        mrr: z.array(z.object({ plan: z.string(), currency, mrrMicros: micros, customers: z.int() })),
        activeTenants: z.int(),
        cpuMillis: z.int(),
        memoryBytes: z.int(),
        storageBytes: z.int(),
      }),
    ),
  })
  .openapi('FiguresOverview');
export type OverviewView = z.infer<typeof overview>;
