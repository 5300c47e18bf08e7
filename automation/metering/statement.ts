import { findPlan, findProduct } from '../../tenants/catalog/index.ts';
import { type MeterSection, meterSections } from '../../tenants/catalog/types.ts';
import { costCents, decimalOf, dollarsOf, roundedShare } from './amounts.ts';
import { chargedMicros, findDimension } from './dimensions.ts';
import type { Month } from './time.ts';

/** A tenant's showback for a month: subscription, compute, storage, and who used the most. Pure. */

/** The days of a month on which a plan was paid for, with a number of seats. */
export interface PlanDays {
  readonly product: string;
  readonly plan: string;
  readonly seats: number;
  readonly status: string;
  readonly days: number;
}

export interface UsedAmount {
  readonly dimension: string;
  readonly microUnits: number;
}

export interface Consumer {
  readonly consumer: string;
  readonly cpuMilliSeconds: number;
  readonly memoryKbSeconds: number;
}

export type Section = 'subscription' | MeterSection;

export interface StatementLine {
  readonly section: Section;
  /** Id of the plan or the dimension. */
  readonly id: string;
  readonly name: string;
  /** A decimal number. */
  readonly quantity: string;
  readonly unit: string;
  /** Micro-dollars for one unit; null where the plan includes it or it is agreed by hand. */
  readonly unitPriceMicros: number | null;
  readonly amountCents: number;
}

export interface Statement {
  readonly month: string;
  readonly lines: readonly StatementLine[];
  readonly subscriptionCents: number;
  readonly computeCents: number;
  readonly storageCents: number;
  readonly otherCents: number;
  readonly totalCents: number;
}

/**
 * The statement of a month.
 *
 * - Subscription: the catalog's price of the plan times seats, for the share of the month's days on which it was paid for.
 *   A trial costs nothing; a price that was agreed by hand is not in the catalog.
 * - Use: the month's amount of each dimension times its price, rounded once to a cent, a half up, as Stripe rounds the line
 *   of an invoice. The month's amount is the sum of its days, which is what Stripe gets.
 */
export function makeStatement(
  month: Month,
  plans: readonly PlanDays[],
  used: readonly UsedAmount[],
): Statement {
  const lines = [...plans.map((days) => planLine(month, days)), ...used.flatMap(usageLine)].sort(
    (a, b) => sections.indexOf(a.section) - sections.indexOf(b.section),
  );
  const sum = (section?: Section) =>
    lines.reduce((total, line) => total + (section && line.section !== section ? 0 : line.amountCents), 0);
  return {
    month: month.id,
    lines,
    subscriptionCents: sum('subscription'),
    computeCents: sum('compute'),
    storageCents: sum('storage'),
    otherCents: sum('other'),
    totalCents: sum(),
  };
}

const sections: readonly Section[] = ['subscription', ...meterSections];

function planLine(month: Month, { product, plan, seats, status, days }: PlanDays): StatementLine {
  const found = findPlan(product, plan);
  const cents = found && found.price.kind !== 'custom' ? found.price.priceCents : null;
  const counted = found?.price.kind === 'perSeat' ? seats : 1;
  const free = status === 'trialing';
  const name = `${findProduct(product)?.name ?? product} ${found?.name ?? plan}`;
  return {
    section: 'subscription',
    id: `${product}:${plan}`,
    name: `${name}${free ? ', trial' : ''}${days < month.days ? `, ${days} of ${month.days} days` : ''}`,
    quantity: String(counted),
    unit: found?.price.kind === 'perSeat' ? 'seat' : 'month',
    unitPriceMicros: cents === null ? null : cents * 10_000,
    amountCents:
      cents === null || free
        ? 0
        : roundedShare(BigInt(cents) * BigInt(counted) * BigInt(days), BigInt(month.days)),
  };
}

function usageLine({ dimension: id, microUnits }: UsedAmount): readonly StatementLine[] {
  const found = findDimension(id);
  if (!found) return [];
  const { product, dimension } = found;
  const price = chargedMicros(product, dimension);
  return [
    {
      section: dimension.section,
      id,
      name: dimension.name,
      quantity: decimalOf(microUnits),
      unit: dimension.unit,
      unitPriceMicros: price,
      amountCents: price === null ? 0 : costCents(BigInt(microUnits), price),
    },
  ];
}

/** Records as comma-separated values (RFC 4180), with a heading. */
export function csv(
  heading: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? '' : String(value);
    // The quote keeps a spreadsheet from taking the text for a formula.
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [heading, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

export function statementCsv(tenantId: string, statement: Statement): string {
  return csv(
    ['month', 'tenant', 'section', 'id', 'name', 'quantity', 'unit', 'unit_price_usd', 'amount_usd'],
    [
      ...statement.lines.map((line) => [
        statement.month,
        tenantId,
        line.section,
        line.id,
        line.name,
        line.quantity,
        line.unit,
        line.unitPriceMicros === null ? null : decimalOf(line.unitPriceMicros),
        dollarsOf(line.amountCents),
      ]),
      [statement.month, tenantId, 'total', null, null, null, null, null, dollarsOf(statement.totalCents)],
    ],
  );
}

export interface TenantCost {
  readonly tenant: string;
  readonly product: string;
  readonly slug: string;
  readonly subscriptionCents: number;
  readonly computeCents: number;
  readonly storageCents: number;
  readonly otherCents: number;
  readonly totalCents: number;
}

export function totalsCsv(month: string, tenants: readonly TenantCost[]): string {
  const heading = ['month', 'tenant', 'product', 'slug'];
  const amounts = ['subscription_usd', 'compute_usd', 'storage_usd', 'other_usd', 'total_usd'];
  return csv(
    [...heading, ...amounts],
    tenants.map((row) => [
      month,
      row.tenant,
      row.product,
      row.slug,
      ...[row.subscriptionCents, row.computeCents, row.storageCents, row.otherCents, row.totalCents].map(
        dollarsOf,
      ),
    ]),
  );
}
