/** The reconciler's Prometheus metrics; every process with the database exports the same. */
import { Gauge, type Registry } from 'prom-client';
import type { Queryable } from '../store/database.ts';
import { countFindings, type FindingCount } from './findings.ts';
import { listReconciliations } from './reconciliations.ts';

export function observeFindings(registry: Registry, database: Queryable, now: () => Date): void {
  let asked: Promise<readonly FindingCount[]> | undefined;
  /** One query for both gauges of a scrape. */
  const counts = () => {
    asked ??= countFindings(database).finally(() => {
      asked = undefined;
    });
    return asked;
  };
  new Gauge({
    name: 'tenantry_findings',
    help: 'Disagreements between money and infrastructure that last, by kind and state',
    labelNames: ['kind', 'state'],
    registers: [registry],
    async collect() {
      const rows = await counts();
      this.reset();
      for (const { kind, state, count } of rows) this.set({ kind, state }, count);
    },
  });
  new Gauge({
    name: 'tenantry_finding_oldest_age_seconds',
    help: 'How long the oldest disagreement of a kind and state has lasted',
    labelNames: ['kind', 'state'],
    registers: [registry],
    async collect() {
      const rows = await counts();
      this.reset();
      for (const { kind, state, oldest } of rows)
        this.set({ kind, state }, Math.max(0, (now().getTime() - oldest.getTime()) / 1000));
    },
  });
  const perArea = (name: string, help: string, value: (area: Area) => number | null) =>
    new Gauge({
      name,
      help,
      labelNames: ['area'],
      registers: [registry],
      async collect() {
        const areas = await listReconciliations(database);
        this.reset();
        for (const area of areas) {
          const told = value(area);
          if (told !== null) this.set({ area: area.area }, told);
        }
      },
    });
  perArea(
    'tenantry_reconcile_completed_timestamp_seconds',
    'When money and infrastructure were last compared',
    ({ completedAt }) => completedAt && completedAt.getTime() / 1000,
  );
  perArea(
    'tenantry_reconcile_seconds',
    'How long the last comparison took',
    ({ durationMs }) => durationMs && durationMs / 1000,
  );
}

type Area = Awaited<ReturnType<typeof listReconciliations>>[number];
