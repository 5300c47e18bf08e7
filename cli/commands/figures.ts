/** `tenantry figures`: MRR and what moved it, churn, LTV, conversion, revenue; `figures rebuild` fills the log from Stripe. */
import { z } from 'zod';
import { originOf } from '../../automation/desired/subscription-facts.ts';
import { withControlPlane } from '../../automation/dr/cell-access.ts';
import { readOperationsEnv } from '../../automation/dr/env.ts';
import { readFiguresEnv } from '../../automation/figures/env.ts';
import { rebuildFigures } from '../../automation/figures/rebuild.ts';
import { migrate } from '../../automation/store/migrate.ts';
import { notRunning } from '../api-client.ts';
import { apiAs, type Connection } from '../connection.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { stripeAccount } from '../stripe-client.ts';
import { figuresCsv, figuresText, overviewText } from '../text/figures.ts';

export interface FiguresOptions {
  /** First and last UTC day; twelve months until today. */
  from?: string;
  to?: string;
  every?: 'day' | 'month' | 'whole';
  by?: 'product' | 'plan';
  currency?: string;
  csv?: boolean;
}

const conversion = z.looseObject({ of: z.number(), converted: z.number(), rate: z.number().nullable() });
const rowSchema = z.looseObject({
  period: z.string(),
  product: z.string().nullable(),
  plan: z.string().nullable(),
  openingMrrMicros: z.number(),
  movementsMicros: z.looseObject({
    new: z.number(),
    reactivation: z.number(),
    expansion: z.number(),
    contraction: z.number(),
    churn: z.number(),
    moved: z.number(),
  }),
  closingMrrMicros: z.number(),
  openingCustomers: z.number(),
  newCustomers: z.number(),
  reactivatedCustomers: z.number(),
  lostCustomers: z.number(),
  movedCustomers: z.number(),
  closingCustomers: z.number(),
  arpaMicros: z.number().nullable(),
  logoChurnRate: z.number().nullable(),
  revenueChurnRate: z.number().nullable(),
  netRevenueChurnRate: z.number().nullable(),
  ltvMicros: z.number().nullable(),
  invoicedCents: z.number(),
  creditedCents: z.number(),
  refundedCents: z.number(),
  revenueCents: z.number(),
  conversions: z.looseObject({ trial: conversion, free: conversion, checkout: conversion }),
});
export type FiguresRow = z.infer<typeof rowSchema>;

const figuresSchema = z.looseObject({
  asOf: z.string(),
  currency: z.string(),
  currencies: z.array(z.string()),
  by: z.enum(['none', 'product', 'plan']),
  rows: z.array(rowSchema),
});
export type Figures = z.infer<typeof figuresSchema>;

const overviewSchema = z.looseObject({
  asOf: z.string(),
  products: z.array(
    z.looseObject({
      product: z.string(),
      applications: z.looseObject({ total: z.number(), pending: z.number(), approved: z.number() }),
      subscriptions: z.array(
        z.looseObject({ plan: z.string(), status: z.string(), count: z.number(), seats: z.number() }),
      ),
      mrr: z.array(
        z.looseObject({
          plan: z.string(),
          currency: z.string(),
          mrrMicros: z.number(),
          customers: z.number(),
        }),
      ),
      activeTenants: z.number(),
      cpuMillis: z.number(),
      memoryBytes: z.number(),
      storageBytes: z.number(),
    }),
  ),
});
export type Overview = z.infer<typeof overviewSchema>;

export async function figures(
  connection: Connection,
  output: Output,
  { csv, ...asked }: FiguresOptions,
): Promise<void> {
  const api = await apiAs(connection, {});
  const { from, to, every, by, currency } = asked;
  const query = new URLSearchParams(
    Object.entries({ from, to, every, by, currency }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const found = await api.get(`/v1/figures?${query}`, figuresSchema);
  output.result(found, () => (csv ? figuresCsv(found) : figuresText(found)));
}

/** How each product stands now. */
export async function figuresOverview(connection: Connection, output: Output): Promise<void> {
  const api = await apiAs(connection, {});
  const found = await api.get('/v1/figures/overview', overviewSchema);
  output.result(found, () => overviewText(found));
}

/** Works on the database and Stripe themselves, as it may take longer than a request. */
export async function figuresRebuild(env: CliEnv, output: Output): Promise<void> {
  const { place, processEnv } = await readOperationsEnv(env.home);
  if (!place) throw notRunning();
  const { stripe, name } = await stripeAccount(env);
  await migrate(place.databaseUrl);
  await withControlPlane(place.databaseUrl, async (database) => {
    output.progress(`Reading subscriptions, invoices and events of ${name}`);
    const rebuilt = await rebuildFigures(database, stripe, {
      originOf,
      graceMs: readFiguresEnv(processEnv).graceMs,
      warn: (about, message) => output.progress(`${message}: ${JSON.stringify(about)}`),
    });
    output.result(rebuilt, () => {
      const { subscriptions, invoices, events, added } = rebuilt;
      return `${subscriptions} subscriptions, ${invoices} invoices and ${events} events read; ${added} lines were not known.`;
    });
  });
}
