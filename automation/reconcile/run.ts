/** Compares regularly: one of all replicas compares an area when its time has come or an operator requests it. */
import { setTimeout as delay } from 'node:timers/promises';
import { listOpenRecoveries } from '../dr/index.ts';
import { withTurn } from '../store/turns.ts';
import { repeat, type Work } from '../work/index.ts';
import { cellArea, moneyArea, type ReconcileContext } from './context.ts';
import { type LookResult, lookAt } from './look.ts';
import { observeFindings } from './metrics.ts';
import {
  beginReconciliation,
  endReconciliation,
  ensureAreas,
  findDue,
  type Reconciliation,
} from './reconciliations.ts';

/** How soon a request is noticed. */
const pollMs = 2_000;

/** The reconciler, as part of a worker. */
export function reconcileWork(context: ReconcileContext): Work {
  return {
    begin(registry) {
      observeFindings(registry, context.database, context.now);
      return reconcileRegularly(context);
    },
  };
}

/** @returns stops comparing, after the present look */
export function reconcileRegularly(context: ReconcileContext): () => Promise<void> {
  const { database, log, cell } = context;
  const areas = [moneyArea, cellArea(cell.id)];
  let known = false;
  return repeat(pollMs, async (signal) => {
    try {
      if (!known) await ensureAreas(database, areas);
      known = true;
      for (const area of areas) if (!signal.aborted) await reconcileIfDue(context, area);
    } catch (error) {
      log.error({ error }, 'cannot read which comparisons are due');
    }
  });
}

/**
 * Compares an area if that is due, unless another process is doing it.
 * @returns what the look saw; null when there was nothing to do
 */
export async function reconcileIfDue(context: ReconcileContext, area: string): Promise<LookResult | null> {
  const { database, policy, jobs, workerId, now } = context;
  const due = () => findDue(database, area, { now: now(), intervalMs: policy.intervalMs });
  if (!(await due())) return null;
  const turn = { name: `reconcile:${area}`, holder: workerId, ttlMs: jobs.leaseTtlMs };
  return withTurn(database, turn, async () => {
    // The turn's previous holder may have done it a moment ago.
    const wanted = await due();
    return wanted && reconcile(context, wanted);
  });
}

async function reconcile(context: ReconcileContext, wanted: Reconciliation): Promise<LookResult | null> {
  const { database, policy, log, cell, now } = context;
  const { area } = wanted;
  const begun = performance.now();
  await beginReconciliation(database, area, now());
  const durationMs = () => Math.round(performance.now() - begun);
  // Only a request can be a dry run; a scheduled comparison heals.
  const heals = !(wanted.asked > wanted.answered && wanted.askedDryRun);
  try {
    if (area !== moneyArea && (await listOpenRecoveries(database)).some((open) => open.cell === cell.id))
      throw new Error('the cell is being recovered, which makes every tenant again');
    let result = await lookAt(context, area, { heals });
    const tookMs = durationMs();
    if (result.needsSecondLook) {
      await delay(policy.secondLookMs);
      result = await lookAt(context, area, { heals });
    }
    await endReconciliation(database, wanted, {
      durationMs: tookMs,
      looked: result.looked,
      failure: null,
      at: now(),
    });
    return result;
  } catch (error) {
    log.error({ area, error }, 'cannot compare money with infrastructure');
    const failure = error instanceof Error ? error.message : String(error);
    await endReconciliation(database, wanted, { durationMs: durationMs(), looked: {}, failure, at: now() });
    return null;
  }
}
