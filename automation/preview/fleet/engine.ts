/** Asks real engines what they would do to tenants. */
import type { RunnerPool } from '../../stacks/index.ts';
import type { Database } from '../../store/database.ts';
import { findTenant } from '../../store/tenants.ts';
import { shownStep } from '../engine-steps.ts';
import type { PreviewTenant } from './fleet.ts';

const timeoutMs = 60_000;

/**
 * Previews with a pool of runners that have the version of the program to preview. The tenant's real state and the cluster's
 * dry runs decide; neither is changed.
 */
export function previewByEngine(database: Database, runners: RunnerPool): PreviewTenant {
  return async (tenantId) => {
    const tenant = await findTenant(database, tenantId);
    if (!tenant?.stackSettings) return { kind: 'failed', tenantId, cause: 'it is gone meanwhile' };
    const runner = await runners.acquire();
    try {
      const result = await runner.run(
        { kind: 'preview', spec: tenant.desiredSpec, stackSettings: tenant.stackSettings },
        { timeoutMs, permitMs: timeoutMs },
      );
      if (result.outcome === 'killed')
        return { kind: 'failed', tenantId, cause: `the engine ended: ${result.why}` };
      if (result.outcome === 'failed') return { kind: 'failed', tenantId, cause: result.cause };
      const steps = (result.steps ?? []).map(shownStep);
      return { kind: 'previewed', tenantId, steps, asExpected: true, durationMs: result.durationMs };
    } finally {
      runner.release();
    }
  };
}
