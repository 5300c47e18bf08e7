/** One movable clock for the whole simulated account: real time plus an offset that survives a restart. */

import type { Store } from './store.ts';

export interface Clock {
  /** Whole seconds. */
  now(): number;
  /** Moves to an instant, never backwards. */
  moveTo(instant: number): void;
}

export function createClock(store: Store): Clock {
  let offset = Number(store.setting('clock_offset') ?? 0);
  const now = (): number => Math.floor(Date.now() / 1000) + offset;
  return {
    now,
    moveTo(instant) {
      const ahead = instant - now();
      if (ahead <= 0) return;
      offset += ahead;
      store.setSetting('clock_offset', String(offset));
    },
  };
}
