import { useCallback, useState } from 'react';
import { getFigures, getFiguresOverview } from '../../../client/index.ts';
import { useApp } from '../context.ts';
import { bytes, count, cpu, microMoney, money, percent } from '../format.ts';
import { useLoad } from '../load.ts';
import { ProblemNote } from '../parts/problem.tsx';
import type { FiguresRow, Overview } from '../types.ts';

/** Shows operators MRR and what moved it, month by month, and the state of each product. */
export function FiguresPage() {
  const { client } = useApp();
  const [currency, setCurrency] = useState('usd');
  const months = useLoad(
    useCallback(() => getFigures({ client, query: { every: 'month', currency } }), [client, currency]),
  );
  const overview = useLoad(useCallback(() => getFiguresOverview({ client }), [client]));
  const found = months.value;
  const now = found?.rows.at(-1);
  const rows = sinceTheFirst(found?.rows ?? []);
  return (
    <section className="figures-page">
      <header className="figures-head">
        <h1>Figures</h1>
        {found && found.currencies.length > 1 && (
          <label>
            <span className="quiet">Currency</span>{' '}
            <select value={currency} onChange={(event) => setCurrency(event.target.value)}>
              {found.currencies.map((one) => (
                <option key={one} value={one}>
                  {one.toUpperCase()}
                </option>
              ))}
            </select>
          </label>
        )}
      </header>
      {months.problem && <ProblemNote problem={months.problem} action="Try again" onAction={months.again} />}
      {found === null && months.problem === null && <p className="quiet">Loading figures…</p>}
      {found && now && (
        <>
          <p className="readout" data-figure="mrr">
            <span className="readout-label">MRR</span>{' '}
            <span className="readout-figure">{microMoney(now.closingMrrMicros, found.currency)}</span>{' '}
            <span className="readout-note">
              {change(now.closingMrrMicros - now.openingMrrMicros, found.currency)} this month
            </span>
          </p>
          <Tiles row={now} currency={found.currency} />
          <Bars rows={rows} currency={found.currency} />
          <h2>Month by month</h2>
          <Months rows={rows.toReversed()} currency={found.currency} />
        </>
      )}
      <h2>Products</h2>
      {overview.problem && (
        <ProblemNote problem={overview.problem} action="Try again" onAction={overview.again} />
      )}
      {overview.value && <Products overview={overview.value} />}
    </section>
  );
}

/** Leaves out the months before the first customer. */
function sinceTheFirst(rows: readonly FiguresRow[]): readonly FiguresRow[] {
  const first = rows.findIndex(
    (row) => row.openingCustomers + row.newCustomers > 0 || row.revenueCents !== 0,
  );
  return rows.slice(first < 0 ? -1 : first);
}

function Tiles({ row, currency }: { row: FiguresRow; currency: string }) {
  const { trial, free, checkout } = row.conversions;
  const converted = ({ of, converted: paid }: typeof trial) => (of === 0 ? '–' : `${paid} of ${of}`);
  const tiles = [
    ['Customers', count(row.closingCustomers)],
    ['Revenue per customer', row.arpaMicros === null ? '–' : microMoney(row.arpaMicros, currency)],
    ['Customer churn', percent(row.logoChurnRate)],
    ['Revenue churn', percent(row.revenueChurnRate)],
    ['Lifetime value', row.ltvMicros === null ? '–' : microMoney(row.ltvMicros, currency)],
    ['Revenue this month', money(row.revenueCents, currency)],
    ['Trials that paid', converted(trial)],
    ['Free plans that paid', converted(free)],
    ['Checkouts that paid', converted(checkout)],
  ] as const;
  return (
    <dl className="tiles">
      {tiles.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A bar for each month; the table below has the numbers. */
function Bars({ rows, currency }: { rows: readonly FiguresRow[]; currency: string }) {
  const highest = Math.max(1, ...rows.map(({ closingMrrMicros }) => closingMrrMicros));
  return (
    <ol className="bars" aria-hidden>
      {rows.map(({ period, closingMrrMicros }) => (
        <li key={period} title={`${period}: ${microMoney(closingMrrMicros, currency)}`}>
          <span className="bar" style={{ height: `${(closingMrrMicros / highest) * 100}%` }} />
          <span className="bar-name">{period.slice(5)}</span>
        </li>
      ))}
    </ol>
  );
}

const kinds = ['new', 'reactivation', 'expansion', 'contraction', 'churn'] as const;

function Months({ rows, currency }: { rows: readonly FiguresRow[]; currency: string }) {
  return (
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col">MRR</th>
            <th scope="col">New</th>
            <th scope="col">Back</th>
            <th scope="col">More</th>
            <th scope="col">Less</th>
            <th scope="col">Churn</th>
            <th scope="col">Revenue</th>
            <th scope="col">Customers</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.period} data-period={row.period}>
              <th scope="row">{row.period}</th>
              <td>{microMoney(row.closingMrrMicros, currency)}</td>
              {kinds.map((kind) => (
                <td key={kind} className={row.movementsMicros[kind] < 0 ? 'down' : undefined}>
                  {row.movementsMicros[kind] === 0 ? '–' : change(row.movementsMicros[kind], currency)}
                </td>
              ))}
              <td>{money(row.revenueCents, currency)}</td>
              <td>{count(row.closingCustomers)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Products({ overview }: { overview: Overview }) {
  return (
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col">Applications</th>
            <th scope="col">Pending</th>
            <th scope="col">Approved</th>
            <th scope="col">Subscriptions by plan</th>
            <th scope="col">MRR</th>
            <th scope="col">Active</th>
            <th scope="col">CPU</th>
            <th scope="col">Memory</th>
            <th scope="col">Storage</th>
          </tr>
        </thead>
        <tbody>
          {overview.products.map((one) => (
            <tr key={one.product} data-product={one.product}>
              <th scope="row">{one.product}</th>
              <td>{count(one.applications.total)}</td>
              <td>{count(one.applications.pending)}</td>
              <td>{count(one.applications.approved)}</td>
              <td>{plansOf(one.subscriptions) || '–'}</td>
              <td>{sums(one.mrr) || '–'}</td>
              <td>{count(one.activeTenants)}</td>
              <td>{cpu(one.cpuMillis)}</td>
              <td>{bytes(one.memoryBytes)}</td>
              <td>{bytes(one.storageBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The live subscriptions by plan: `pro 12, free 40`. */
function plansOf(subscriptions: Overview['products'][number]['subscriptions']): string {
  const plans = new Map<string, number>();
  for (const { plan, status, count: held } of subscriptions)
    if (status !== 'canceled' && status !== 'incomplete_expired')
      plans.set(plan, (plans.get(plan) ?? 0) + held);
  return [...plans].map(([plan, held]) => `${plan} ${count(held)}`).join(', ');
}

/** Each currency apart. */
function sums(mrr: Overview['products'][number]['mrr']): string {
  const currencies = new Map<string, number>();
  for (const { currency, mrrMicros } of mrr)
    currencies.set(currency, (currencies.get(currency) ?? 0) + mrrMicros);
  return [...currencies].map(([currency, micros]) => microMoney(micros, currency)).join(', ');
}

function change(micros: number, currency: string): string {
  return `${micros > 0 ? '+' : ''}${microMoney(micros, currency)}`;
}
