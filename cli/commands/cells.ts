/** `tenantry cells`: where tenants can be; `cells sync` copies it from the outputs of platform stacks. */
import { resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import {
  type ReadStackOutput,
  StackOutputFailed,
  stackOutputReader,
  syncCells,
  WrongCellOutput,
} from '../../automation/cells/index.ts';
import { type CellPlace, readOperationsEnv, withControlPlane } from '../../automation/dr/index.ts';
import { countTenantsByCell, listCells, listDatabaseServers } from '../../automation/store/cells.ts';
import { migrate } from '../../automation/store/migrate.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes, notRunning } from '../problem.ts';
import { cellsText } from '../text/cells.ts';

const projectDir = resolve(import.meta.dirname, '../..');

async function placeOf(env: CliEnv): Promise<{ place: CellPlace; processEnv: NodeJS.ProcessEnv }> {
  const { place, processEnv } = await readOperationsEnv(env.home);
  if (!place) throw notRunning(env.home);
  return { place, processEnv };
}

export async function cells(env: CliEnv, output: Output): Promise<void> {
  const { place } = await placeOf(env);
  await withControlPlane(place.databaseUrl, async (database) => {
    const [found, tenants] = await Promise.all([listCells(database), countTenantsByCell(database)]);
    const servers = await Promise.all(found.map(({ id }) => listDatabaseServers(database, id)));
    const list = found.map((cell, index) => ({
      ...cell,
      tenants: tenants.get(cell.id) ?? 0,
      databaseServers: servers[index] ?? [],
    }));
    output.result({ cells: list }, () => cellsText(list));
  });
}

export interface CellsSyncOptions {
  readonly stack: readonly string[];
  /** Pulumi's CLI; the one on PATH when omitted. */
  readonly pulumi?: string;
  /** Pulumi often does not work where the database is reachable: the outputs then come through a pipe. */
  readonly stdin?: boolean;
}

export async function cellsSync(env: CliEnv, output: Output, options: CellsSyncOptions): Promise<void> {
  const { place, processEnv } = await placeOf(env);
  const { stacks, read } = options.stdin
    ? await pipedOutputs()
    : {
        stacks: options.stack,
        read: stackOutputReader({ pulumi: options.pulumi ?? 'pulumi', projectDir, env: processEnv }),
      };
  await migrate(place.databaseUrl);
  await withControlPlane(place.databaseUrl, async (database) => {
    output.progress(`Reading the output "cell" of ${stacks.join(', ')}`);
    const { cells: written, untouched } = await syncCells(database, stacks, read).catch((error: unknown) => {
      if (error instanceof WrongCellOutput || error instanceof StackOutputFailed)
        throw new CliProblem(exitCodes.failed, 'no_cell_output', error.message);
      throw error;
    });
    const ids = written.map(({ id }) => id);
    output.result({ synced: ids, untouched }, () =>
      [
        `Synced: ${ids.join(', ')}.`,
        ...(untouched.length === 0 ? [] : [`Not described by these stacks: ${untouched.join(', ')}.`]),
      ].join('\n'),
    );
  });
}

/** Outputs on standard input, under names that identify them. */
async function pipedOutputs(): Promise<{ stacks: string[]; read: ReadStackOutput }> {
  const given: unknown = await json(process.stdin).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliProblem(exitCodes.usage, 'usage', `Standard input is not JSON: ${why}`);
  });
  const outputs = new Map(
    (Array.isArray(given) ? given : [given]).map((one, index) => [`on input, no. ${index + 1}`, one]),
  );
  return { stacks: [...outputs.keys()], read: async (stack) => outputs.get(stack) };
}
