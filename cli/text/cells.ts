/** Cells as text. Pure. */
import type { DatabaseServer, KnownCell } from '../../automation/store/cells.ts';
import { table, time } from './table.ts';

export interface ListedCell extends KnownCell {
  readonly tenants: number;
  /** Those for one tenant each. */
  readonly databaseServers: readonly DatabaseServer[];
}

export function cellsText(cells: readonly ListedCell[]): string {
  if (cells.length === 0)
    return 'No cells: a worker registers its own, `tenantry cells sync` those of platform stacks.';
  return table(
    ['CELL', 'REGION', 'HOME', 'TENANTS', 'CLUSTER', 'DATABASE', 'DEDICATED', 'STATE', 'SYNCED'],
    cells.map((cell) => [
      cell.id,
      cell.region,
      cell.home ? 'yes' : '',
      String(cell.tenants),
      cell.cluster ?? '-',
      cell.database ?? '-',
      dedicated(cell.databaseServers),
      cell.stateBucket ?? '-',
      cell.syncedAt ? time(cell.syncedAt.toISOString()) : 'never',
    ]),
  );
}

/** `2, 1 free`; those kept for a future tenant count as free. */
function dedicated(servers: readonly DatabaseServer[]): string {
  if (servers.length === 0) return '-';
  const free = servers.filter(({ tenant }) => tenant === null).length;
  return `${servers.length}, ${free} free`;
}
