/** Captures a second that the credits ledger books durably when 64 ask at once. */

import {
  applyToLedger,
  type LedgerOperation,
  type LedgerResult,
  operateLedger,
} from '../../../automation/ledger/book.ts';
import { checkLedger } from '../../../automation/ledger/read.ts';
import { createLedgerWriter } from '../../../automation/ledger/writer.ts';
import { startPostgres } from '../../../automation/local/postgres.ts';
import { type Database, openDatabase } from '../../../automation/store/database.ts';
import { migrate } from '../../../automation/store/migrate.ts';
import type { Bench, Measurement, Row } from '../row.ts';
import { duration, summarize } from '../samples.ts';

const concurrent = 64;
const targetPerSecond = 1000;

export const ledger: Row = {
  name: 'ledger',
  async run(bench) {
    const database = await emptyLedger(bench);
    const seconds = bench.quick ? 2 : 15;
    const measurements: Omit<Measurement, 'load'>[] = [];
    for (const accounts of [1, 1000]) {
      const tenants = Array.from({ length: accounts }, (_, n) => `a${String(n + accounts).padStart(7, '0')}`);
      await applyToLedger(
        database,
        tenants.map((tenant) => ({ op: 'top_up', tenant, cause: 'all', amount: 1_000_000, until: null })),
      );
      const writer = createLedgerWriter(database);
      const together = await captures(tenants, seconds, writer.book);
      const alone = await captures(tenants, seconds / 3, (operation) => operateLedger(database, operation));
      bench.say(`${accounts} accounts: ${Math.round(together.perSecond)}/s`);
      const check = await checkLedger(database);
      const right = check.total === 0 && check.wrong.length === 0 && together.refused + alone.refused === 0;
      const taken = summarize(together.latencies);
      measurements.push({
        figure: `credits captured on ${accounts === 1 ? 'one account' : `${accounts} accounts`}, ${concurrent} at once`,
        measured: `${Math.round(together.perSecond)}/s (p50 ${duration(taken.p50)}, p99 ${duration(taken.p99)})`,
        target: `${targetPerSecond}/s`,
        peer: `${Math.round(alone.perSecond)}/s with a transaction each`,
        met: together.perSecond >= targetPerSecond && right,
        notes: [
          `${concurrent} callers, each the next capture of 1 credit as soon as it has its answer, for ${seconds} s, on a random account; every answer after the commit is on the disk. Captures that arrive together share a transaction, as in the service.`,
          `Afterwards all ${check.entries} entries were added up: the ledger ${right ? 'balances and every account is what its entries say' : 'is WRONG'}.`,
        ],
        samples: { capture_ms: taken, capture_alone_ms: summarize(alone.latencies) },
        values: {
          accounts,
          captures_per_second: together.perSecond,
          captures_alone_per_second: alone.perSecond,
        },
      });
    }
    return measurements;
  },
};

/** A PostgreSQL that waits for the disk, with our schema. */
async function emptyLedger({ folder, onEnd }: Bench): Promise<Database> {
  const postgres = await startPostgres({ dataDir: await folder('postgres') });
  onEnd(postgres.stop);
  const url = new URL(postgres.url);
  await migrate(url.href);
  const database = openDatabase(url.href, { maxConnections: concurrent, name: 'tenantry-bench' });
  onEnd(database.close);
  return database;
}

async function captures(
  tenants: readonly string[],
  seconds: number,
  book: (operation: LedgerOperation) => Promise<LedgerResult>,
): Promise<{ perSecond: number; latencies: number[]; refused: number }> {
  const latencies: number[] = [];
  let refused = 0;
  let number = 0;
  const begun = performance.now();
  const endAt = begun + seconds * 1000;
  const caller = async () => {
    while (performance.now() < endAt) {
      const tenant = tenants[Math.floor(Math.random() * tenants.length)] ?? '';
      const sentAt = performance.now();
      number += 1;
      const { outcome } = await book({ op: 'capture', tenant, cause: `${sentAt}-${number}`, amount: 1 });
      latencies.push(performance.now() - sentAt);
      if (outcome !== 'done') refused += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrent }, caller));
  return { perSecond: (latencies.length * 1000) / (performance.now() - begun), latencies, refused };
}
