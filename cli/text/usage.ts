/** Usage and statements for a terminal. Pure. */

import type { FleetUsage, Statement, Usage } from '../../api/client/index.ts';
import { decimalOf, dollarsOf } from '../../automation/metering/index.ts';
import { fields, table, time } from './table.ts';

export function statementText(statement: Statement): string {
  const { month, lines, topConsumers } = statement;
  const parts = [
    fields([
      ['month', month],
      ['subscription', `$${dollarsOf(statement.subscriptionCents)}`],
      ['compute', `$${dollarsOf(statement.computeCents)}`],
      ['storage', `$${dollarsOf(statement.storageCents)}`],
      ['other', statement.otherCents === 0 ? null : `$${dollarsOf(statement.otherCents)}`],
      ['total', `$${dollarsOf(statement.totalCents)}`],
      ['not measured', gapsText(statement.gaps)],
    ]),
  ];
  if (lines.length > 0) {
    const rows = lines.map((line) => [
      line.section,
      line.name,
      `${line.quantity} ${line.unit}`,
      line.unitPriceMicros === null ? 'in the plan' : `$${decimalOf(line.unitPriceMicros)}`,
      line.unitPriceMicros === null ? '' : `$${dollarsOf(line.amountCents)}`,
    ]);
    parts.push(table(['', 'WHAT', 'HOW MUCH', 'EACH', 'AMOUNT'], rows));
  }
  if (topConsumers.length > 0) {
    const rows = topConsumers.map(({ consumer, cpuHours, memoryGbHours }) => [
      consumer,
      cpuHours,
      memoryGbHours,
    ]);
    parts.push(table(['TOP CONSUMERS', 'VCPU-HOURS', 'GB-HOURS'], rows));
  }
  return parts.join('\n\n');
}

export function fleetText({ month, tenants, metering, gaps }: FleetUsage): string {
  const parts = [
    fields([
      ['month', month],
      ...metering.cells.map(
        ({ cell, lastSample, source }) =>
          [
            `cell ${cell}`,
            `sampled ${time(lastSample)}, ${source === 'metrics' ? 'by use' : 'by requests'}`,
          ] as const,
      ),
      ['hours to roll up', metering.staleHours === 0 ? null : String(metering.staleHours)],
      [
        'not reported to Stripe',
        metering.unreported === 0
          ? null
          : `${metering.unreported}, the oldest of ${metering.oldestUnreportedDay}`,
      ],
      ['told too much', metering.overreported === 0 ? null : String(metering.overreported)],
      ['not measured', gapsText(gaps)],
    ]),
  ];
  const rows = tenants.map((tenant) => [
    tenant.tenant,
    tenant.product,
    tenant.slug,
    ...[tenant.subscriptionCents, tenant.computeCents, tenant.storageCents, tenant.totalCents].map(
      (cents) => `$${dollarsOf(cents)}`,
    ),
  ]);
  parts.push(
    tenants.length === 0
      ? '  Nothing was used that is charged for.'
      : table(['TENANT', 'PRODUCT', 'NAME', 'SUBSCRIPTION', 'COMPUTE', 'STORAGE', 'TOTAL'], rows),
  );
  return parts.join('\n\n');
}

export function stepsText({ from, until, samples, hours, days, gaps }: Usage): string {
  const head = fields([
    ['from', from],
    ['until', until],
    ['not measured', gapsText(gaps)],
  ]);
  const rows: readonly object[] = samples ?? hours ?? days ?? [];
  const [first] = rows;
  if (!first) return `${head}\n\n  Nothing was used.`;
  const shown = Object.keys(first).filter((key) => key !== 'microUnits');
  const heading = shown.map((key) => key.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase());
  return `${head}\n\n${table(
    heading,
    rows.map((row) => {
      const cells = new Map(Object.entries(row));
      return shown.map((key) => String(cells.get(key) ?? ''));
    }),
  )}`;
}

function gapsText(gaps: Statement['gaps']): string | null {
  if (gaps.length === 0) return null;
  const minutes = gaps.reduce((sum, gap) => sum + (Date.parse(gap.until) - Date.parse(gap.from)) / 60_000, 0);
  return `${minutes} minutes, charged to nobody`;
}
