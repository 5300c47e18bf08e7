import { useEffect, useState } from 'react';
import { duration } from '../format.ts';
import { episodes, paymentToActiveMs } from '../timeline.ts';
import type { Entry, Tenant } from '../types.ts';
import { isMoving } from './phase.tsx';

/** The figure that matters about a new tenant: how long it took, or takes. */
export function Readout({ tenant, entries }: { tenant: Tenant; entries: readonly Entry[] }) {
  const { phase } = tenant;
  const readyMs = paymentToActiveMs(tenant);
  // A tenant that waits for its next try says so itself.
  const working = isMoving(phase) && tenant.reason === null;
  const runningMs = useRunningMs(entries, working);
  if ((phase === 'active' || phase === 'updating') && readyMs !== null) {
    return (
      <p className="readout" role="status">
        <span className="readout-label">Provisioned in</span>{' '}
        <span className="readout-figure">{duration(readyMs)}</span>{' '}
        <span className="readout-note">from the payment on</span>{' '}
        {working && <span className="readout-aside">Updating for {duration(runningMs)}</span>}
      </p>
    );
  }
  if (!working) return null;
  return (
    <p className="readout is-moving">
      <span className="readout-label">{verbs[phase] ?? 'Working'} for</span>{' '}
      <span className="readout-figure" role="timer">
        {duration(runningMs)}
      </span>
    </p>
  );
}

const verbs: Readonly<Record<string, string>> = {
  pending: 'Waiting',
  provisioning: 'Provisioning',
  updating: 'Updating',
  suspending: 'Suspending',
  deleting: 'Deleting',
};

/**
 * Time since the present episode began. Adds the time since the server's last message to the server's own times, so
 * that a wrong clock on this machine does not show.
 */
function useRunningMs(entries: readonly Entry[], running: boolean): number {
  const reachedMs = episodes(entries).at(-1)?.durationMs ?? 0;
  const [sinceMs, setSinceMs] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new entry restarts the local part of the count
  useEffect(() => {
    if (!running) return;
    const startedMs = performance.now();
    setSinceMs(0);
    const timer = setInterval(() => setSinceMs(performance.now() - startedMs), 50);
    return () => clearInterval(timer);
  }, [running, entries]);
  return reachedMs + sinceMs;
}
