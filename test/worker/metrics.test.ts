import { describe, expect, test } from 'vitest';
import type { OperationResult } from '../../automation/stacks/protocol.ts';
import type { Runner, RunnerPool } from '../../automation/stacks/runners.ts';
import { createWorkerMetrics } from '../../automation/worker/metrics.ts';
import { serveMetrics } from '../../automation/worker/serve-metrics.ts';

const succeeded: OperationResult = {
  outcome: 'succeeded',
  outputs: null,
  changes: {},
  durationMs: 1,
};
const failed: OperationResult = { outcome: 'failed', cause: 'broken', durationMs: 1, stateComplete: true };

/** A pool whose operations end as given, in turn. */
function pool(results: readonly OperationResult[], calls: string[] = []): RunnerPool {
  const left = [...results];
  const runner: Runner = {
    process: { host: 'here', processGroup: 1, processStarted: '1' },
    run: async () => left.shift() ?? succeeded,
    permit: (ms) => calls.push(`permit ${ms}`),
    kill: (why) => calls.push(`kill ${why}`),
    release: () => calls.push('release'),
  };
  return {
    acquire: async () => runner,
    warmUp: async () => void calls.push('warm up'),
    busy: 1,
    close: async () => void calls.push('close'),
  };
}

describe('a worker’s metrics', () => {
  test('count operations by kind and outcome, and the runners that are busy', async () => {
    const metrics = createWorkerMetrics({ runners: 3 });
    const runner = await metrics.measured(pool([succeeded, failed, succeeded])).acquire();
    const limits = { timeoutMs: 1, permitMs: 1 };
    for (let times = 0; times < 3; times += 1)
      await runner.run({ kind: 'init', tenantIds: ['abcd1234'] }, limits);
    const text = await metrics.registry.metrics();
    expect(text).toContain('tenantry_operations_total{operation="init",outcome="succeeded"} 2');
    expect(text).toContain('tenantry_operations_total{operation="init",outcome="failed"} 1');
    expect(text).toContain('tenantry_operation_seconds_count{operation="init"} 3');
    expect(text).toContain('tenantry_runners{state="busy"} 1');
    expect(text).toContain('tenantry_runners{state="idle"} 2');
  });

  test('leave the pool as it is otherwise', async () => {
    const calls: string[] = [];
    const measured = createWorkerMetrics({ runners: 1 }).measured(pool([], calls));
    await measured.warmUp();
    const runner = await measured.acquire();
    runner.permit(5);
    runner.kill('timeout');
    runner.release();
    await measured.close();
    expect(measured.busy).toBe(1);
    expect(calls).toEqual(['warm up', 'permit 5', 'kill timeout', 'release', 'close']);
  });

  test('tell of a sweep only once there was one', async () => {
    const metrics = createWorkerMetrics({ runners: 1 });
    const sample = /^tenantry_sweep_completed_timestamp_seconds\b/m;
    expect(await metrics.registry.metrics()).not.toMatch(sample);
    metrics.sweepEnded('shared', ['compareWithStripe'], new Date(1_000_000));
    const text = await metrics.registry.metrics();
    expect(text).toContain('tenantry_sweep_completed_timestamp_seconds{part="shared"} 1000\n');
    expect(text).toContain('tenantry_sweep_failed_steps_total{step="compareWithStripe"} 1');
  });

  test('are served at /metrics and nowhere else', async () => {
    const server = await serveMetrics(createWorkerMetrics({ runners: 2 }).registry, {
      host: '127.0.0.1',
      port: 0,
    });
    try {
      const base = `http://127.0.0.1:${server.port}`;
      const answer = await fetch(`${base}/metrics`);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('tenantry_runners{state="idle"} 2');
      expect((await fetch(`${base}/`)).status).toBe(404);
      expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(404);
    } finally {
      await server.close();
    }
  });
});
