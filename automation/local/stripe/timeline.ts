/** Makes due steps happen, in order and one transaction each, as the clock passes them or is moved past them. */

import type { Clock } from './clock.ts';
import type { Context } from './context.ts';
import type { Store } from './store.ts';
import { runDue } from './subscriptions/renewals.ts';

export interface Timeline {
  /** Follows real time from now on. */
  start(): void;
  /**
   * Moves the clock to `instant`; everything due on the way has happened when this resolves. @returns how many steps
   * ran
   */
  advanceTo(instant: number): Promise<number>;
  stop(): Promise<void>;
}

interface TimelineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly perform: <R>(origin: Context['origin'], work: (context: Context) => R) => R;
  readonly log: (message: string) => void;
}

const longestWaitMs = 30_000;
/** After this many steps other requests get their turn. */
const stepsInARow = 100;

export function createTimeline({ store, clock, perform, log }: TimelineOptions): Timeline {
  let timer: NodeJS.Timeout | undefined;
  let stopped = true;
  let queue: Promise<unknown> = Promise.resolve();

  async function passTo(target: () => number): Promise<number> {
    let steps = 0;
    for (;;) {
      const due = store.nextDue();
      if (!due || due.at > target()) return steps;
      perform({ requestId: null, idempotencyKey: null }, (context) => {
        clock.moveTo(due.at);
        runDue(context, due);
      });
      steps += 1;
      if (steps % stepsInARow === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** One walk through time at a time. */
  function inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  function follow(): void {
    inTurn(() => passTo(clock.now))
      .catch((error) => log(`time passing failed: ${error instanceof Error ? error.stack : String(error)}`))
      .finally(() => {
        if (stopped) return;
        const due = store.nextDue();
        const waitMs = due ? Math.max(0, (due.at - clock.now()) * 1000) : longestWaitMs;
        timer = setTimeout(follow, Math.min(Math.max(250, waitMs), longestWaitMs));
        timer.unref();
      });
  }

  return {
    start() {
      stopped = false;
      follow();
    },

    advanceTo(instant) {
      return inTurn(async () => {
        const steps = await passTo(() => instant);
        perform({ requestId: null, idempotencyKey: null }, () => clock.moveTo(instant));
        return steps;
      });
    },

    async stop() {
      stopped = true;
      clearTimeout(timer);
      await queue;
    },
  };
}
