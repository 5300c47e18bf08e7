/** Cells as text. Pure. */
import type { KnownCell } from '../../store/cells.ts';
import { table, time } from './table.ts';

export function cellsText(cells: readonly (KnownCell & { readonly tenants: number })[]): string {
  if (cells.length === 0)
    return 'No cells: a worker makes its own known, `tenantry cells sync` those of platform stacks.';
  return table(
    ['CELL', 'REGION', 'HOME', 'TENANTS', 'CLUSTER', 'DATABASE', 'STATE', 'SYNCED'],
    cells.map((cell) => [
      cell.id,
      cell.region,
      cell.home ? 'yes' : '',
      String(cell.tenants),
      cell.cluster ?? '-',
      cell.database ?? '-',
      cell.stateBucket ?? '-',
      cell.syncedAt ? time(cell.syncedAt.toISOString()) : 'never',
    ]),
  );
}
