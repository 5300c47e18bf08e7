/** Credits and budgets for a terminal. Pure. */

import type { Budget, Credits } from '../../api/client/index.ts';
import { dollars } from '../../automation/ledger/index.ts';
import { fields, table, time } from './table.ts';

const names: Record<string, string> = { api: 'API budget', spend: 'spend cap' };

export function creditsText({ balance, lots, brake, entries }: Credits, budgets: readonly Budget[]): string {
  const parts = [
    fields([
      ['available', count(balance.available)],
      ['held', count(balance.held)],
      ['overshoot', balance.overshoot > 0 ? count(balance.overshoot) : null],
      ['brake', brake.reason === null ? brake.level : `${brake.level}: ${brake.reason}`],
      ...budgets.map(
        (budget) => [`${names[budget.kind] ?? budget.kind}, this month`, budgetText(budget)] as const,
      ),
    ]),
  ];
  if (lots.length > 0) {
    const rows = lots.map((lot) => [
      lot.kind.replace('_', '-'),
      count(lot.remaining),
      until(lot.expiresAt, lot.spendBy),
      lot.cause,
    ]);
    parts.push(table(['CREDITS', 'LEFT', 'UNTIL', 'FROM'], rows));
  }
  if (entries.length > 0) {
    const rows = entries.map((entry) => [
      time(entry.at),
      entry.kind.replace('_', '-'),
      count(entry.amount),
      `${entry.from} -> ${entry.to}`.replaceAll('_', '-'),
      entry.cause,
    ]);
    parts.push(table(['TIME', 'ENTRY', 'AMOUNT', 'MOVED', 'CAUSE'], rows));
  }
  return parts.join('\n\n');
}

function budgetText(budget: Budget): string | null {
  if (budget.limitMicros === null && budget.spentMicros === 0) return null;
  const limit = budget.limitMicros === null ? 'no limit' : `of ${dollars(budget.limitMicros)}`;
  const running = budget.reservedMicros > 0 ? `, ${dollars(budget.reservedMicros)} set aside` : '';
  return `${dollars(budget.spentMicros)} ${limit}${running}`;
}

function until(expiresAt: string | null, spendBy: string | null): string {
  if (expiresAt !== null) return time(expiresAt);
  return spendBy === null ? 'no end' : `renewal, ${time(spendBy)}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
