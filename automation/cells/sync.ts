/** Copies the cells that platform stacks describe into the control plane's table. */
import { listCells, writeCells } from '../store/cells.ts';
import type { Database } from '../store/database.ts';
import { type CellOutput, readCellOutput, syncedCell } from './output.ts';
import type { ReadStackOutput } from './stack-output.ts';

export interface CellsSynced {
  readonly cells: readonly CellOutput[];
  /** Cells that we know, but that none of these stacks describes. */
  readonly untouched: readonly string[];
}

/** Reads every stack first, so that it writes all of them or none. */
export async function syncCells(
  database: Database,
  stacks: readonly string[],
  read: ReadStackOutput,
): Promise<CellsSynced> {
  const cells = await Promise.all(
    stacks.map(async (stack) => readCellOutput(await read(stack, 'cell'), `The stack ${stack}`)),
  );
  await database.transaction((client) => writeCells(client, cells.map(syncedCell)));
  const written = new Set(cells.map(({ id }) => id));
  const known = await listCells(database);
  return { cells, untouched: known.map(({ id }) => id).filter((id) => !written.has(id)) };
}
