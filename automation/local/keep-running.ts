/** Restarts a process whenever it ends by itself, at growing intervals. */
import { setTimeout as delay } from 'node:timers/promises';
import type { OwnedProcess } from './processes.ts';

const firstDelayMs = 250;
const longestDelayMs = 10_000;
/** After a run this long the delay starts over. */
const steadyMs = 30_000;

export interface KeptProcess {
  readonly current: () => OwnedProcess;
  /** How often it ended by itself. */
  readonly restarts: () => number;
  /** Ends it, and starts it no more. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** Watches over `first`; `start` makes each later one, and `log` gets a line for every end. */
export function keepRunning(
  first: OwnedProcess,
  start: () => Promise<OwnedProcess>,
  log: (line: string) => void,
): KeptProcess {
  const stopped = new AbortController();
  let current = first;
  let restarts = 0;
  const watch = async () => {
    let delayMs = firstDelayMs;
    let begun = Date.now();
    while (!stopped.signal.aborted) {
      const { code, signal } = await current.exited;
      if (stopped.signal.aborted) return;
      restarts += 1;
      if (Date.now() - begun > steadyMs) delayMs = firstDelayMs;
      log(`${current.name} ended (${signal ?? code}); it starts again in ${delayMs / 1000} s`);
      await delay(delayMs, undefined, { signal: stopped.signal }).catch(() => {});
      delayMs = Math.min(delayMs * 2, longestDelayMs);
      if (stopped.signal.aborted) return;
      begun = Date.now();
      try {
        current = await start();
      } catch (error) {
        log(`${current.name} does not start: ${error instanceof Error ? error.message : error}`);
      }
    }
  };
  const watching = watch();
  return {
    current: () => current,
    restarts: () => restarts,
    stop: async () => {
      stopped.abort();
      await current.stop();
      await watching;
      await current.stop();
    },
  };
}
