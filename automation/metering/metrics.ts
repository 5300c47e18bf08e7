import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Queryable } from '../store/database.ts';
import type { ReportResult } from './report.ts';
import { dayMs, slotMs, startOfDay } from './time.ts';
import { listGaps, type MeteringState, readMeteringState } from './usage-statement.ts';

export interface MeteringMetrics {
  /** Records that this process has sampled its cell, and in how many seconds. */
  sampled(seconds: number): void;
  /** Records what this process has reported to Stripe. */
  reported(result: ReportResult): void;
}

/** Each scrape reads the gauges from the database, so every worker exports the same. */
export function observeMetering(registry: Registry, database: Queryable, now: () => Date): MeteringMetrics {
  let asked: Promise<MeteringState> | undefined;
  /** One query for all gauges of a scrape. */
  const state = () => {
    asked ??= readMeteringState(database).finally(() => {
      asked = undefined;
    });
    return asked;
  };
  const gauge = (name: string, help: string, value: (state: MeteringState) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(value(await state()));
      },
    });
  new Gauge({
    name: 'tenantry_usage_last_sample_age_seconds',
    help: 'Seconds since the begin of the newest sample of a cell',
    labelNames: ['cell'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { cell, lastSample } of (await state()).cells)
        this.set({ cell }, (now().getTime() - lastSample.getTime()) / 1000);
    },
  });
  new Gauge({
    name: 'tenantry_usage_gap_seconds',
    help: 'Seconds of the last 24 hours for which a cell was not measured',
    labelNames: ['cell'],
    registers: [registry],
    async collect() {
      const until = now();
      this.reset();
      for (const { cell } of (await state()).cells) this.set({ cell }, 0);
      // The present slot may still be sampled.
      const from = new Date(until.getTime() - dayMs);
      for (const gap of await listGaps(database, null, from, new Date(until.getTime() - slotMs)))
        this.inc({ cell: gap.cell }, (gap.until.getTime() - gap.from.getTime()) / 1000);
    },
  });
  gauge('tenantry_usage_stale_hours', 'Hours with samples that are not rolled up', (s) => s.staleHours);
  gauge(
    'tenantry_usage_unreported',
    'Days of tenants and dimensions, before today, that are not yet reported to Stripe',
    (s) => s.unreported,
  );
  gauge(
    'tenantry_usage_unreported_age_seconds',
    'Seconds since the end of the oldest day that is not yet reported to Stripe; 0 where there is none',
    ({ oldestUnreportedDay }) =>
      oldestUnreportedDay === null
        ? 0
        : (now().getTime() - startOfDay(oldestUnreportedDay).getTime() - dayMs) / 1000,
  );
  gauge(
    'tenantry_usage_overreported',
    'Days of tenants and dimensions of which Stripe has more than was used',
    (s) => s.overreported,
  );
  const rounds = new Histogram({
    name: 'tenantry_usage_sample_seconds',
    help: 'Duration of sampling a cell',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers: [registry],
  });
  const events = new Counter({
    name: 'tenantry_usage_meter_events_total',
    help: 'Meter events by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    sampled: (seconds) => rounds.observe(seconds),
    reported({ sent, cancelled, failed }) {
      events.inc({ outcome: 'sent' }, sent);
      events.inc({ outcome: 'cancelled' }, cancelled);
      events.inc({ outcome: 'failed' }, failed);
    },
  };
}
