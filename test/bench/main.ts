/**
 * `npm run bench [-- --quick] [-- row names…]`: measures every figure on the embedded default and its peers in one
 * run, prints a table and writes `.bench/<date>.json`.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startInstallation } from './installation.ts';
import { describeMachine, loadNow, versions } from './machine.ts';
import type { Bench, Measurement, Row } from './row.ts';
import { busy } from './rows/busy.ts';
import { cold } from './rows/cold.ts';
import { entitlements } from './rows/entitlements.ts';
import { fleet } from './rows/fleet.ts';
import { floor } from './rows/floor.ts';
import { fromNothing } from './rows/from-nothing.ts';
import { ledger } from './rows/ledger.ts';
import { metering } from './rows/metering.ts';
import { noOp } from './rows/no-op.ts';
import { preview } from './rows/preview.ts';
import { reconcile } from './rows/reconcile.ts';
import { slot } from './rows/slot.ts';
import { start } from './rows/start.ts';
import { throughput } from './rows/throughput.ts';
import { usualWay } from './rows/usual-way.ts';
import { webhooks } from './rows/webhooks.ts';
import { renderTable } from './table.ts';

const rows: readonly Row[] = [
  cold,
  slot,
  usualWay,
  floor,
  throughput,
  busy,
  webhooks,
  ledger,
  entitlements,
  metering,
  reconcile,
  noOp,
  fleet,
  preview,
  start,
  fromNothing,
];
const root = join(import.meta.dirname, '../..');

/** Everything that runs, with its stop function; emptied by `endEverything`. */
const endings: (() => Promise<unknown>)[] = [];

const { values: options, positionals: named } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    'from-nothing': { type: 'boolean', default: false },
  },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void endEverything().finally(() => process.exit(130)));
}
process.exitCode = await main();

async function main(): Promise<number> {
  const names = [...named, ...(options['from-nothing'] ? [fromNothing.name] : [])];
  const unknown = names.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) {
    say(`There is no row ${unknown.join(', ')}; the rows are ${rows.map(({ name }) => name).join(', ')}.`);
    return 2;
  }
  const chosen = rows.filter(({ name, onDemand }) =>
    named.length > 0 || onDemand ? names.includes(name) : true,
  );
  const date = new Date().toISOString();
  const work = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  const removeWork = () => rm(work, { recursive: true, force: true });
  const measurements: Measurement[] = [];
  const failures: string[] = [];
  for (const row of chosen) {
    const load = loadNow();
    say(`row ${row.name}, load average ${load.toFixed(2)}`);
    endings.push(removeWork);
    try {
      const measured = await row.run(benchFor(row, work));
      measurements.push(...measured.map((measurement) => ({ ...measurement, load })));
      // Said at once, so that a run that is cut short is not for nothing.
      for (const { figure, measured: value, target, peer } of measured)
        say(`${figure}: ${value} (target ${target}; peer: ${peer})`);
    } catch (error) {
      failures.push(row.name);
      say(`row ${row.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    }
    await endEverything();
  }
  const machine = describeMachine();
  const report = {
    date,
    quick: options.quick,
    machine,
    versions: await versions(root),
    failures,
    measurements,
  };
  const file = join(root, '.bench', `${date.replaceAll(':', '')}.json`);
  await mkdir(join(root, '.bench'), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(renderTable(measurements));
  const leftOut = rows.filter((row) => !chosen.includes(row)).map(({ name }) => name);
  if (leftOut.length > 0) console.log(`\nNot in this run: ${leftOut.join(', ')}`);
  console.log(
    `\n${date}, ${machine.cores} × ${machine.cpu}, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, ${machine.kernel}${options.quick ? '; quick: few samples, proves no figure' : ''}\n${file}`,
  );
  return failures.length > 0 ? 1 : 0;
}

function benchFor(row: Row, work: string): Bench {
  const folder = async (name: string) => {
    const path = join(work, row.name, name);
    await mkdir(path, { recursive: true });
    return path;
  };
  const onEnd = (end: () => Promise<unknown>) => endings.push(end);
  return {
    quick: options.quick,
    folder,
    say,
    onEnd,
    install: async (variables = {}) => startInstallation({ home: await folder('home'), variables, onEnd }),
  };
}

/** Last in, first out; one that fails does not keep the others from ending. */
async function endEverything(): Promise<void> {
  for (let end = endings.pop(); end; end = endings.pop()) {
    await end().catch((error: unknown) => say(`an end failed: ${error}`));
  }
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
