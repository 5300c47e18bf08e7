import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does the work at once, and again after a pause.
 * @param work must not reject: it logs its own failures
 * @returns stops it: aborts the signal of the work under way and resolves when that work has ended
 */
export function repeat(pauseMs: number, work: (signal: AbortSignal) => Promise<void>): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async () => {
    while (!signal.aborted) {
      await work(signal);
      // Rejects when the signal wakes it.
      await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
  };
  const ended = loop();
  return () => {
    stopping.abort();
    return ended;
  };
}
