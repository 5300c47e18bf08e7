/** Estimates as text. Pure. */
import type { BillLine, Estimate, MeterMargin, PlanMargin } from '../../automation/cost/index.ts';
import { table } from './table.ts';

export function costText(
  stack: string,
  estimates: readonly Estimate[],
  meters: readonly MeterMargin[],
  bill: boolean,
): string {
  const margins = estimates[Math.floor(estimates.length / 2)];
  const remarks = new Set(estimates.flatMap((each) => each.remarks));
  return [
    `Stack ${stack}, a month at list prices, in US dollars`,
    '',
    subjectsText(estimates),
    ...(margins
      ? ['', `A typical tenant of each plan, of ${count(margins.tenants)}`, '', plansText(margins)]
      : []),
    ...(meters.length > 0 ? ['', 'One unit of use whose cost is known', '', metersText(meters)] : []),
    ...(bill
      ? estimates.flatMap((each) => ['', `The bill for ${count(each.tenants)}`, '', billText(each.lines)])
      : []),
    '',
    ...remarks,
    'Prices, the mix of plans and what they use are assumptions with their sources: docs/cost.md',
  ].join('\n');
}

function subjectsText(estimates: readonly Estimate[]): string {
  const rows = (estimates[0]?.subjects ?? []).map(({ subject }, index) => [
    subject,
    ...estimates.map((each) => dollars(each.subjects[index]?.costMicros ?? 0)),
  ]);
  return table(
    ['SUBJECT', ...estimates.map(({ tenants }) => count(tenants).toUpperCase())],
    [
      ...rows,
      ['total', ...estimates.map(({ totalMicros }) => dollars(totalMicros))],
      ['each tenant', ...estimates.map(({ perTenantMicros }) => dollarsAndCents(perTenantMicros))],
    ],
  );
}

function plansText({ plans }: Estimate): string {
  return table(
    ['PRODUCT', 'PLAN', 'SHARE', 'REVENUE', 'ITS OWN COST', 'SHARED', 'MARGIN', ''],
    plans.map((plan) => [
      plan.product,
      plan.plan,
      `${plan.shareBasisPoints / 100} %`,
      plan.revenueMicros === null ? 'by agreement' : dollarsAndCents(plan.revenueMicros),
      dollarsAndCents(plan.directMicros),
      dollarsAndCents(plan.sharedMicros),
      plan.marginMicros === null ? '' : dollarsAndCents(plan.marginMicros),
      share(plan),
    ]),
  );
}

function metersText(meters: readonly MeterMargin[]): string {
  return table(
    ['PRODUCT', 'METER', 'UNIT', 'COST', 'PRICE', 'MARGIN'],
    meters.map((each) => [
      each.product,
      each.meter,
      each.unit,
      money(each.unitCostMicros, 6),
      each.unitPriceMicros === null ? 'in the plan' : money(each.unitPriceMicros, 6),
      each.marginMicros === null ? '' : money(each.marginMicros, 6),
    ]),
  );
}

function share({ marginBasisPoints }: PlanMargin): string {
  return marginBasisPoints === null ? '' : `${Math.round(marginBasisPoints / 100)} %`;
}

function billText(lines: readonly BillLine[]): string {
  return table(
    ['SUBJECT', 'ITEM', 'QUANTITY', 'OF', 'PRICE', 'COST', 'AS OF', 'SOURCE'],
    lines.map((line) => [
      line.subject,
      line.item,
      new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 }).format(line.quantity),
      line.unit,
      (line.unitMicros / 1e6).toString(),
      dollarsAndCents(line.costMicros),
      line.asOf,
      line.source,
    ]),
  );
}

function count(tenants: number): string {
  return `${new Intl.NumberFormat('en-US').format(tenants)} ${tenants === 1 ? 'tenant' : 'tenants'}`;
}

function dollars(micros: number): string {
  return money(micros, 0);
}

function dollarsAndCents(micros: number): string {
  return money(micros, 2);
}

function money(micros: number, digits: number): string {
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(micros / 1e6);
}
