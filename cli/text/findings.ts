/** Findings of the reconciler for a terminal. Pure. */
import type { Finding, Reconciliation } from '../../api/client/index.ts';
import { duration, table } from './table.ts';

export function findingsText(areas: readonly Reconciliation[], findings: readonly Finding[]): string {
  const parts = [
    table(
      ['COMPARED', 'TOOK', 'CALLS', 'LOOKED AT'],
      areas.map(({ area, durationMs, looked, failure }) => [
        area,
        durationMs === null ? '' : duration(durationMs),
        String(Object.values(looked).reduce((sum, { calls }) => sum + calls, 0)),
        failure === null
          ? Object.entries(looked)
              .map(([source, { items }]) => `${items} ${source}`)
              .join(', ')
          : `FAILED: ${failure}`,
      ]),
    ),
  ];
  const shown = findings.filter(({ state }) => state !== 'dismissed');
  const dismissed = findings.length - shown.length;
  if (shown.length === 0) parts.push('Money and infrastructure agree.');
  else
    parts.push(
      table(
        ['ID', 'STATE', 'AGE', 'FINDING', 'ABOUT', 'CAUSE'],
        shown.map(({ id, state, ageSeconds, kind, subject, cause }) => [
          String(id),
          state,
          duration(ageSeconds * 1000),
          kind,
          subject,
          cause,
        ]),
      ),
      ...actionsOf(shown),
    );
  if (dismissed > 0) parts.push(`${dismissed} dismissed`);
  return parts.join('\n\n');
}

/** What an operator should do, once for each waiting kind. */
function actionsOf(findings: readonly Finding[]): string[] {
  const waiting = findings.filter(({ state }) => state === 'waiting');
  const actions = new Map(waiting.map(({ kind, action }) => [kind, action]));
  return actions.size === 0 ? [] : [[...actions].map(([kind, action]) => `${kind}: ${action}`).join('\n')];
}
