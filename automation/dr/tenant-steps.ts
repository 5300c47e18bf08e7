/**
 * Steps that bring a cell's tenants back once its database is back: the rows say what is desired, and the ordinary loop
 * makes it.
 */
import { listCells, writeCellDatabase } from '../store/cells.ts';
import type { Database } from '../store/database.ts';
import {
  beginRecovery,
  countTenantsIn,
  endRecovery,
  findRecovery,
  moveTenants,
  recoveryProgress,
} from './recoveries.ts';
import type { Step } from './steps.ts';

export interface TenantRecovery {
  readonly database: Database;
  /** The cell whose tenants come back, or the one that replaces a lost cell. */
  readonly cell: string;
  /** Names this recovery, the same whenever it continues. */
  readonly recovery: string;
}

/** Points the cell's row at the server that now has its tenants' rows. */
export function cellDatabaseStep({ database, cell }: TenantRecovery, host: string): Step {
  return {
    id: 'cell',
    title: `Database of the cell ${cell}`,
    look: async () => {
      const known = (await listCells(database)).find(({ id }) => id === cell);
      if (!known) return { state: 'blocked', detail: `there is no such cell: \`tenantry cells\` lists them` };
      if (known.database === host) return { state: 'done', detail: host };
      return { state: 'todo', detail: `${known.database ?? 'none'} becomes ${host}` };
    },
    act: () => writeCellDatabase(database, cell, host),
  };
}

/** Moves the tenants of a lost cell to this one. */
export function moveStep({ database, cell }: TenantRecovery, lost: string): Step {
  return {
    id: 'move',
    title: `Give the tenants of ${lost} to ${cell}`,
    look: async () => {
      const left = await countTenantsIn(database, lost);
      if (left === 0) return { state: 'done', detail: 'none is left there' };
      return { state: 'todo', detail: `${left} tenants` };
    },
    act: () =>
      database.transaction(async (client) => {
        const to = (await listCells(client)).find(({ id }) => id === cell);
        if (!to) throw new Error(`there is no cell ${cell}: \`tenantry cells\` lists them`);
        await moveTenants(client, lost, to);
      }),
  };
}

/** Makes every tenant again from its row. The recovery ends when the last one has converged. */
export function convergeSteps({ database, cell, recovery }: TenantRecovery): Step[] {
  return [
    {
      id: 'begin',
      title: `Make the tenants of ${cell} again`,
      look: async () => {
        const begun = await findRecovery(database, cell, recovery);
        if (begun) return { state: 'done', detail: `since ${begun.startedAt.toISOString()}` };
        return {
          state: 'todo',
          detail: `${await countTenantsIn(database, cell)} tenants; Stripe is asked again`,
        };
      },
      act: async () => {
        await database.transaction((client) => beginRecovery(client, cell, recovery));
      },
    },
    {
      id: 'converge',
      title: `Tenants of ${cell}`,
      look: async () => {
        const begun = await findRecovery(database, cell, recovery);
        if (!begun) return { state: 'todo', detail: 'once they are being made' };
        const { tenants, recovered, failed } = await recoveryProgress(database, begun);
        const failures = failed.length === 0 ? '' : `; failed for good: ${failed.join(', ')}`;
        const detail = `${recovered} of ${tenants} stand${failures}`;
        if (recovered + failed.length < tenants) return { state: 'waiting', detail };
        if (failed.length > 0) {
          return {
            state: 'blocked',
            detail: `${detail}. \`tenantry tenant <id>\` says why, \`tenantry retry <id>\` tries again`,
          };
        }
        await endRecovery(database, begun.id);
        return { state: 'done', detail };
      },
      act: async () => {},
    },
  ];
}
