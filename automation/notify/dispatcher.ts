import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import type { AddressRules } from './address.ts';
import {
  type BegunDelivery,
  beginDelivery,
  giveBack,
  lockEndpoint,
  noteAttempt,
  noteFailing,
  ringEndpoint,
} from './deliveries.ts';
import { disableWithNotice } from './disable.ts';
import { failedForDays, judge } from './schedule.ts';
import { type Sent, send } from './send.ts';

/*
 * - The row is the truth: `next_attempt_at` says when to send a delivery. A job is only a doorbell and ends at once; the
 *   sweep rings again for what is due.
 * - In each worker every endpoint has its own lanes, and a lane sends one delivery after the other. So a slow endpoint
 *   holds up only itself.
 * - Beginning an attempt moves `next_attempt_at` to the time when the attempt counts as lost; the answer is recorded under
 *   the attempt's number. If a worker is killed between sending and recording, the event goes out again under the same id.
 */

/** How many requests one worker makes to an endpoint at once. */
const lanesPerEndpoint = 4;

/** How long an endpoint has to answer. */
export const answerTimeoutMs = 15_000;

/** When an attempt without an outcome counts as lost. */
const lostAfterMs = 60_000;

/** How long a stopping worker waits for answers. */
const graceMs = 2_000;

export interface DispatchContext {
  readonly database: Database;
  readonly rules: AddressRules;
  readonly log: Logger;
  readonly now: () => Date;
  /** From 0 to 1. */
  readonly random: () => number;
  /** `answerTimeoutMs` when left out. */
  readonly timeoutMs?: number;
}

export interface Dispatcher {
  /** Starts sending what is due to these endpoints. */
  ring(endpointIds: readonly string[]): void;
  /** Begins nothing more. What it cuts off is due at once, for the next worker. */
  stop(): Promise<void>;
}

interface Lanes {
  readonly open: Set<Promise<void>>;
  /** True when the endpoint was rung since a lane last looked. */
  rung: boolean;
}

export function createDispatcher(context: DispatchContext): Dispatcher {
  const { database, log, now } = context;
  const endpoints = new Map<string, Lanes>();
  const cutOff = new AbortController();
  let stopping = false;

  function open(endpointId: string): void {
    const lanes = endpoints.get(endpointId) ?? { open: new Set(), rung: false };
    endpoints.set(endpointId, lanes);
    lanes.rung = true;
    if (stopping || lanes.open.size >= lanesPerEndpoint) return;
    const lane = drain(endpointId, lanes)
      // The sweep finds what is left.
      .catch((error: unknown) => log.error({ error, endpoint: endpointId }, 'cannot record a delivery'))
      .finally(() => {
        lanes.open.delete(lane);
        if (lanes.open.size === 0) endpoints.delete(endpointId);
      });
    lanes.open.add(lane);
  }

  async function drain(endpointId: string, lanes: Lanes): Promise<void> {
    while (!stopping) {
      lanes.rung = false;
      const delivery = await beginDelivery(database, endpointId, now(), lostAfterMs);
      if (!delivery) {
        if (lanes.rung) continue;
        return;
      }
      // Another lane may find more to send.
      open(endpointId);
      await deliver(context, delivery, cutOff.signal);
    }
  }

  return {
    ring: (endpointIds) => {
      for (const id of endpointIds) open(id);
    },
    async stop() {
      stopping = true;
      const lanes = [...endpoints.values()].flatMap((of) => [...of.open]);
      const cut = setTimeout(() => cutOff.abort(), graceMs);
      await Promise.all(lanes);
      clearTimeout(cut);
    },
  };
}

async function deliver(
  context: DispatchContext,
  delivery: BegunDelivery,
  signal: AbortSignal,
): Promise<void> {
  const { database, rules, now, timeoutMs = answerTimeoutMs } = context;
  const at = now();
  const begun = performance.now();
  let sent: Sent;
  try {
    sent = await send(delivery, rules, at, { timeoutMs, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    await giveBack(database, delivery, now());
    return;
  }
  await settle(context, delivery, sent, { at, durationMs: performance.now() - begun });
}

/** Records the outcome of an attempt and what follows from it for the delivery and its endpoint. */
async function settle(
  { database, log, now, random }: DispatchContext,
  delivery: BegunDelivery,
  { result, answer, detail }: Sent,
  when: { readonly at: Date; readonly durationMs: number },
): Promise<void> {
  const verdict = judge(result, delivery.tries, now(), random());
  const problem = verdict.kind === 'delivered' ? null : verdict.problem;
  const status = result.kind === 'answered' ? result.status : null;
  const { endpointId } = delivery;
  if (problem !== null)
    log.warn(
      { endpoint: endpointId, event: delivery.eventId, problem, detail },
      'an event was not delivered',
    );
  await database.transaction(async (client) => {
    if (!(await lockEndpoint(client, endpointId, problem === null ? 'stays' : 'changes'))) return;
    await noteFailing(client, endpointId, problem === null ? null : when.at);
    const counts = await noteAttempt(
      client,
      delivery,
      { ...when, status, problem, answer },
      verdict.kind === 'again'
        ? { state: 'pending', nextAt: verdict.at }
        : { state: verdict.kind === 'delivered' ? 'delivered' : 'failed' },
    );
    if (counts && verdict.kind === 'again') await ringEndpoint(client, endpointId, verdict.at);
    if (problem !== null && (verdict.kind === 'gone' || failedForDays(delivery.failingSince, now())))
      await disableWithNotice(client, endpointId, problem, now());
  });
}
