/** What a tenant may do now, for a terminal. Pure. */

import type { Entitlements } from '../../api/client/index.ts';
import { dollars } from '../../automation/ledger/index.ts';
import { fields, table, time } from './table.ts';

const budgetNames = { api: 'API budget', spend: 'spend cap' };

export function entitlementsText(found: Entitlements): string {
  const { product, plan, state, reason, credits, budgets, database } = found;
  const parts = [
    fields([
      ['plan', `${product}/${plan}`],
      ['state', reason === null ? state : `${state}: ${reason.message}`],
      [
        'credits',
        credits && `${count(credits.available)} left, ${count(credits.held)} held${until(credits.resetsAt)}`,
      ],
      ...budgets
        .filter(({ limitMicros, spentMicros }) => limitMicros !== null || spentMicros > 0)
        .map((budget) => [budgetNames[budget.kind], budgetText(budget)] as const),
      ...(database ? [['database', databaseText(database)] as const] : []),
    ]),
  ];
  const rows = Object.entries(found.entitlements).map(([name, { value, use }]) => [
    name,
    valueText(value),
    use ? count(use.used) : '-',
    use && use.held > 0 ? count(use.held) : '-',
    use ? (use.remaining === null ? 'unlimited' : count(use.remaining)) : '-',
    use?.resetsAt ? time(use.resetsAt) : '-',
  ]);
  if (rows.length > 0) parts.push(table(['ENTITLEMENT', 'PLAN', 'USED', 'HELD', 'LEFT', 'RESETS AT'], rows));
  return parts.join('\n\n');
}

function budgetText({ limitMicros, spentMicros, reservedMicros }: Entitlements['budgets'][number]): string {
  const limit = limitMicros === null ? 'no limit' : `of ${dollars(limitMicros)}`;
  const held = reservedMicros > 0 ? `, ${dollars(reservedMicros)} held` : '';
  return `${dollars(spentMicros)} ${limit}${held}`;
}

function databaseText({ usedBytes, limitBytes, fullSince }: NonNullable<Entitlements['database']>): string {
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const full = fullSince === null ? '' : `, full since ${time(fullSince)}: it takes no writes`;
  return `${gigabytes(usedBytes)} of ${gigabytes(limitBytes)} GB${full}`;
}

function valueText(value: Entitlements['entitlements'][string]['value']): string {
  if (value === null) return 'unlimited';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return count(value);
  return typeof value === 'string' ? value : value.join(', ');
}

function until(resetsAt: string | null): string {
  return resetsAt === null ? '' : `, until ${time(resetsAt)}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}
