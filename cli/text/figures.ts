/** Business figures for a terminal and for spreadsheets. Pure. */

import type { Figures, FiguresOverview, FiguresRow } from '../../api/client/index.ts';
import { centsOf } from '../../automation/figures/index.ts';
import { csv } from '../../automation/metering/index.ts';
import { table, time } from './table.ts';

export function figuresText({ rows, currency, currencies, asOf, by }: Figures): string {
  const unit = currency.toUpperCase();
  const others = currencies.filter((one) => one !== currency);
  if (rows.length === 0) return `Nothing was sold in ${unit} yet.`;
  const place = (row: FiguresRow) =>
    by === 'none' ? [] : [row.plan === null ? (row.product ?? '') : `${row.product} ${row.plan}`];
  const heading = ['PERIOD', ...(by === 'none' ? [] : [by.toUpperCase()])];
  const money = (row: FiguresRow) => {
    const { new: won, reactivation, expansion, contraction, churn, moved } = row.movementsMicros;
    return [
      row.period,
      ...place(row),
      amount(row.closingMrrMicros),
      ...[won, reactivation, expansion, contraction, churn].map(change),
      ...(by === 'plan' ? [change(moved)] : []),
      amountOfCents(row.revenueCents),
    ];
  };
  const customers = (row: FiguresRow) => [
    row.period,
    ...place(row),
    String(row.closingCustomers),
    changeOfCount(row.newCustomers),
    changeOfCount(row.reactivatedCustomers),
    changeOfCount(-row.lostCustomers),
    percent(row.logoChurnRate),
    percent(row.revenueChurnRate),
    percent(row.netRevenueChurnRate),
    row.arpaMicros === null ? '-' : amount(row.arpaMicros),
    row.ltvMicros === null ? '-' : amount(row.ltvMicros),
    ...(['trial', 'free', 'checkout'] as const).map((kind) => {
      const { of, converted } = row.conversions[kind];
      return of === 0 ? '-' : `${converted}/${of}`;
    }),
  ];
  return [
    table(
      [
        ...heading,
        `MRR ${unit}`,
        'NEW',
        'BACK',
        'MORE',
        'LESS',
        'CHURN',
        ...(by === 'plan' ? ['MOVED'] : []),
        'REVENUE',
      ],
      rows.map(money),
    ),
    table(
      [
        ...heading,
        'CUSTOMERS',
        'NEW',
        'BACK',
        'LOST',
        'CHURN',
        'MRR CHURN',
        'NET',
        'ARPA',
        'LTV',
        'TRIAL>PAID',
        'FREE>PAID',
        'CHECKOUT>PAID',
      ],
      rows.map(customers),
    ),
    `As of ${time(asOf)}.${others.length > 0 ? ` There is more in ${others.join(', ').toUpperCase()}: --currency.` : ''}`,
  ].join('\n\n');
}

/** Every figure of every row; amounts in the unit of the currency, with as many places as needed. */
export function figuresCsv({ rows, currency }: Figures): string {
  const columns: readonly (readonly [string, (row: FiguresRow) => string | number | null])[] = [
    ['period', (row) => row.period],
    ['product', (row) => row.product],
    ['plan', (row) => row.plan],
    ['currency', () => currency],
    ['opening_mrr', (row) => exact(row.openingMrrMicros)],
    ['new', (row) => exact(row.movementsMicros.new)],
    ['reactivation', (row) => exact(row.movementsMicros.reactivation)],
    ['expansion', (row) => exact(row.movementsMicros.expansion)],
    ['contraction', (row) => exact(row.movementsMicros.contraction)],
    ['churn', (row) => exact(row.movementsMicros.churn)],
    ['moved', (row) => exact(row.movementsMicros.moved)],
    ['closing_mrr', (row) => exact(row.closingMrrMicros)],
    ['opening_customers', (row) => row.openingCustomers],
    ['new_customers', (row) => row.newCustomers],
    ['reactivated_customers', (row) => row.reactivatedCustomers],
    ['lost_customers', (row) => row.lostCustomers],
    ['moved_customers', (row) => row.movedCustomers],
    ['closing_customers', (row) => row.closingCustomers],
    ['arpa', (row) => (row.arpaMicros === null ? null : exact(row.arpaMicros))],
    ['logo_churn_rate', (row) => row.logoChurnRate],
    ['revenue_churn_rate', (row) => row.revenueChurnRate],
    ['net_revenue_churn_rate', (row) => row.netRevenueChurnRate],
    ['ltv', (row) => (row.ltvMicros === null ? null : exact(row.ltvMicros))],
    ['invoiced', (row) => exact(row.invoicedCents * 10_000)],
    ['credited', (row) => exact(row.creditedCents * 10_000)],
    ['refunded', (row) => exact(row.refundedCents * 10_000)],
    ['revenue', (row) => exact(row.revenueCents * 10_000)],
    ...(['trial', 'free', 'checkout'] as const).flatMap((kind) => [
      [`${kind}_chances`, (row: FiguresRow) => row.conversions[kind].of] as const,
      [`${kind}_converted`, (row: FiguresRow) => row.conversions[kind].converted] as const,
    ]),
  ];
  return csv(
    columns.map(([name]) => name),
    rows.map((row) => columns.map(([, read]) => read(row))),
  ).trimEnd();
}

export function overviewText({ products, asOf }: FiguresOverview): string {
  const rows = products.map((one) => [
    one.product,
    `${one.applications.total} (${one.applications.pending} pending, ${one.applications.approved} approved)`,
    one.mrr.map(({ mrrMicros, currency }) => `${amount(mrrMicros)} ${currency.toUpperCase()}`).join(', ') ||
      '-',
    String(one.activeTenants),
    `${one.cpuMillis / 1000}`,
    bytes(one.memoryBytes),
    bytes(one.storageBytes),
  ]);
  const subscriptions = products.flatMap(({ product, subscriptions: held, mrr }) =>
    held.map(({ plan, status, count, seats }) => {
      const paid = mrr.filter((of) => of.plan === plan && status === 'active');
      const sum = paid.map(({ mrrMicros, currency }) => `${amount(mrrMicros)} ${currency.toUpperCase()}`);
      return [
        `${product} ${plan}`,
        status.replaceAll('_', ' '),
        String(count),
        String(seats),
        sum.join(', '),
      ];
    }),
  );
  return [
    table(['PRODUCT', 'APPLICATIONS', 'MRR', 'ACTIVE', 'CPU', 'MEMORY', 'STORAGE'], rows),
    ...(subscriptions.length > 0
      ? [table(['PLAN', 'STATUS', 'SUBSCRIPTIONS', 'SEATS', 'MRR'], subscriptions)]
      : []),
    `As of ${time(asOf)}.`,
  ].join('\n\n');
}

function amount(micros: number): string {
  return amountOfCents(centsOf(micros));
}

function amountOfCents(cents: number): string {
  const text = (Math.abs(cents) / 100).toLocaleString('en-US', {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
  return cents < 0 ? `-${text}` : text;
}

function change(micros: number): string {
  return micros === 0 ? '-' : micros > 0 ? `+${amount(micros)}` : amount(micros);
}

function changeOfCount(count: number): string {
  return count === 0 ? '-' : count > 0 ? `+${count}` : String(count);
}

function percent(rate: number | null): string {
  return rate === null ? '-' : `${(rate * 100).toFixed(1)} %`;
}

/** In the unit of the currency. A double holds a whole number of micro-units exactly. */
function exact(micros: number): number {
  return micros / 1_000_000;
}

function bytes(count: number): string {
  return `${Number((count / 1024 ** 3).toFixed(1))} GiB`;
}
