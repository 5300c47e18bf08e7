/** Recoveries as text. Pure. */

import type { StepReport, Verification } from '../../automation/dr/index.ts';
import type { StatusLine } from '../../automation/dr/status.ts';
import { duration, table } from './table.ts';

export function stepsText(reports: readonly StepReport[]): string {
  const tookMs = reports.reduce((sum, each) => sum + each.tookMs, 0);
  return [
    table(
      ['STEP', 'STATE', 'TOOK', 'DETAIL'],
      reports.map(({ title, state, tookMs, detail }) => [title, state, duration(tookMs), detail]),
    ),
    `In all ${duration(tookMs)}.`,
  ].join('\n');
}

export function statusText(lines: readonly StatusLine[]): string {
  return table(
    ['SUBJECT', '', 'DETAIL'],
    lines.map(({ subject, ok, detail }) => [subject, ok ? 'ok' : 'ATTENTION', detail]),
  );
}

export function verificationText({ cell, tenants, whole, findings, tookMs }: Verification): string {
  const summary = `Cell ${cell}: ${whole} of ${tenants} tenants are whole (row, stack, cluster, database), checked in ${duration(tookMs)}.`;
  if (findings.length === 0) return summary;
  return [
    table(
      ['TENANT', 'WHAT', 'DETAIL'],
      findings.map(({ tenantId, kind, detail }) => [tenantId ?? '-', kind, detail]),
    ),
    summary,
  ].join('\n');
}
