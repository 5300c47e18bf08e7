import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does the work at once, and again a pause after each end.
 * @param work must not reject: it tells of its failures itself
 * @returns stops it; resolves when what is under way has ended, which the signal asks to be soon
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
