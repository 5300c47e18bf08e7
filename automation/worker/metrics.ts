/** A worker's Prometheus metrics: operations, runners, sweeps. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Runner, RunnerPool } from '../stacks/index.ts';
import type { SweepPart } from '../work/index.ts';

export interface WorkerMetrics {
  readonly registry: Registry;
  /** Wraps the pool so that its operations are counted. */
  measured(runners: RunnerPool): RunnerPool;
  /** Records the end of a part of the sweep and the steps that failed. */
  sweepEnded(part: SweepPart, failedSteps: readonly string[], at: Date): void;
}

/**
 * @param options.runners size of the pool of runner processes
 */
export function createWorkerMetrics(options: { runners: number }): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const operations = new Counter({
    name: 'tenantry_operations_total',
    help: 'Engine operations on tenants by outcome',
    labelNames: ['operation', 'outcome'],
    registers: [registry],
  });
  const operationSeconds = new Histogram({
    name: 'tenantry_operation_seconds',
    help: 'Duration of engine operations on tenants',
    labelNames: ['operation'],
    buckets: [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 120, 300],
    registers: [registry],
  });
  const sweptAt = new Gauge({
    name: 'tenantry_sweep_completed_timestamp_seconds',
    help: 'When this worker last completed a part of the sweep: that of its cell, or that of all cells',
    labelNames: ['part'],
    registers: [registry],
  });
  const failedSweepSteps = new Counter({
    name: 'tenantry_sweep_failed_steps_total',
    help: 'Steps of sweeps that failed',
    labelNames: ['step'],
    registers: [registry],
  });
  let busy = () => 0;
  new Gauge({
    name: 'tenantry_runners',
    help: 'Runner processes of this worker by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'busy' }, busy());
      this.set({ state: 'idle' }, options.runners - busy());
    },
  });

  const measuredRunner = (runner: Runner): Runner => ({
    process: runner.process,
    permit: (permitMs) => runner.permit(permitMs),
    kill: (why) => runner.kill(why),
    release: () => runner.release(),
    async run(request, limits) {
      const stop = operationSeconds.startTimer({ operation: request.kind });
      const result = await runner.run(request, limits);
      stop();
      operations.inc({ operation: request.kind, outcome: result.outcome });
      return result;
    },
  });

  return {
    registry,
    measured(runners) {
      busy = () => runners.busy;
      return {
        acquire: async () => measuredRunner(await runners.acquire()),
        warmUp: () => runners.warmUp(),
        get busy() {
          return runners.busy;
        },
        close: () => runners.close(),
      };
    },
    sweepEnded(part, failedSteps, at) {
      sweptAt.set({ part }, at.getTime() / 1000);
      for (const step of failedSteps) failedSweepSteps.inc({ step });
    },
  };
}
