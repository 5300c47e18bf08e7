/**
 * Webhook deliveries. Each one is a row written in the transaction of its event, so no crash loses it; a pump sends
 * what is due, retries what was not answered with 2xx, and gives up after Stripe's three days.
 *
 * `timeScale` divides Stripe's waits between attempts: with 600, five minutes are half a second and three days are
 * about seven minutes. Waits are real time; the movable clock does not affect them.
 */

import { Stripe } from 'stripe';
import type { EndpointDoc, EventDoc } from '../documents.ts';
import { newId } from '../ids.ts';
import type { Store } from '../store.ts';
import { matchesType, thinForm } from './event-log.ts';
import { type Faults, noFaults, planDelivery, seededRandom } from './faults.ts';
import { type Delivery, type Row, retryWaitMs, toDelivery } from './record.ts';

export interface Deliveries {
  /** Call within the transaction that records the event. */
  enqueue(event: EventDoc, destinations: readonly EndpointDoc[]): void;
  /** Call after a commit. */
  wake(): void;
  pause(): void;
  resume(): void;
  paused(): boolean;
  faults(): Faults;
  setFaults(faults: Partial<Faults>): Faults;
  /** Sends everything pending now, one attempt each, also while paused; resolves when all were answered. */
  flush(): Promise<{ attempted: number; delivered: number }>;
  list(eventId?: string): Delivery[];
  /** Sends an event once more to every destination. @returns the number of deliveries made */
  replay(event: EventDoc, destinations: readonly EndpointDoc[]): number;
  counts(): Record<string, number>;
  /** Starts nothing new and waits for deliveries under way, at most `boundMs`. */
  stop(boundMs: number): Promise<void>;
}

/** The pump looks again after this time at the latest. */
const longestSleepMs = 60_000;

export interface DeliveryOptions {
  readonly store: Store;
  readonly timeScale: number;
  readonly concurrency: number;
  readonly answerTimeoutMs: number;
  readonly log: (message: string) => void;
}

export function createDeliveries({
  store,
  timeScale,
  concurrency,
  answerTimeoutMs,
  log,
}: DeliveryOptions): Deliveries {
  const underWay = new Map<string, Promise<boolean>>();
  const webhooks = new Stripe('sk_test_simulator').webhooks;
  const cutOff = new AbortController();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let scheduled = false;

  const faults = (): Faults => ({ ...noFaults, ...JSON.parse(store.setting('faults') ?? '{}') });
  const paused = (): boolean => store.setting('deliveries_paused') === 'true';

  function insert(
    event: EventDoc,
    destination: string,
    waitMs: number,
    state: Row['state'],
    names: readonly string[],
  ): void {
    const now = Date.now();
    store.run(
      `INSERT INTO deliveries (id, event, event_type, destination, state, next_ms, created_ms, fault)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      newId('delivery'),
      event.id,
      event.type,
      destination,
      state,
      Math.round(now + waitMs),
      now,
      names.length === 0 ? null : names.join(','),
    );
  }

  function enqueue(event: EventDoc, destinations: readonly EndpointDoc[]): void {
    if (destinations.length === 0) return;
    const active = faults();
    const random = seededRandom(Number(store.setting('faults_state') ?? active.seed));
    for (const destination of destinations) {
      const plan = planDelivery(active, random.next);
      if (plan.drop) insert(event, destination.id, 0, 'dropped', plan.names);
      for (const waitMs of plan.waitsMs) insert(event, destination.id, waitMs, 'pending', plan.names);
    }
    store.setSetting('faults_state', String(random.state()));
  }

  /** Sends one attempt and records its outcome. @returns whether it was answered with 2xx */
  async function attempt(row: Row): Promise<boolean> {
    const outcome = await send(row);
    // Cut off by the simulator's end: still pending, and the next simulator sends it again.
    if (cutOff.signal.aborted) return false;
    const attempts = row.attempts + 1;
    const now = Date.now();
    const delivered = outcome.status !== null && outcome.status >= 200 && outcome.status < 300;
    const wait = delivered ? null : retryWaitMs(attempts, now - row.created_ms, timeScale);
    const state = delivered ? 'delivered' : wait === null || outcome.permanent ? 'failed' : 'pending';
    store.run(
      `UPDATE deliveries SET state = ?, attempts = ?, next_ms = ?, delivered_ms = ?, response_status = ?, error = ?
       WHERE id = ?`,
      state,
      attempts,
      Math.round(now + (wait ?? 0) * (0.9 + Math.random() * 0.2)),
      delivered ? now : null,
      outcome.status,
      outcome.error,
      row.id,
    );
    if (!delivered)
      log(`webhook ${row.event_type} was not accepted: ${outcome.error ?? `status ${outcome.status}`}`);
    return delivered;
  }

  interface Outcome {
    status: number | null;
    error: string | null;
    permanent?: boolean;
  }

  async function send(row: Row): Promise<Outcome> {
    const endpoint = store.get('webhook_endpoint', row.destination);
    const hidden = store.hidden('webhook_endpoint', row.destination);
    const event = store.get('event', row.event);
    if (!endpoint || !hidden || !event) {
      return { status: null, error: 'The destination or the event is gone.', permanent: true };
    }
    const payload = JSON.stringify(hidden.form === 'thin' ? thinForm(event) : event, null, 2);
    const signature = webhooks.generateTestHeaderString({ payload, secret: hidden.secret });
    try {
      const answer = await fetch(endpoint.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signature,
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        },
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.any([cutOff.signal, AbortSignal.timeout(answerTimeoutMs)]),
      });
      await answer.body?.cancel();
      return { status: answer.status, error: null };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { status: null, error: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  function start(row: Row): Promise<boolean> {
    const running = attempt(row).finally(() => {
      underWay.delete(row.id);
      wake();
    });
    underWay.set(row.id, running);
    return running;
  }

  function pump(): void {
    scheduled = false;
    clearTimeout(timer);
    if (stopped || paused()) return;
    const room = concurrency - underWay.size;
    if (room <= 0) return;
    // One reading of the clock for both questions: otherwise neither finds what falls due between two readings.
    const now = Date.now();
    const due = store
      .rows<Row>(
        "SELECT * FROM deliveries WHERE state = 'pending' AND next_ms <= ? ORDER BY next_ms, seq LIMIT ?",
        now,
        concurrency + underWay.size,
      )
      .filter((row) => !underWay.has(row.id));
    for (const row of due.slice(0, room)) start(row).catch((error) => log(String(error)));
    if (due.length < room) waitForNext(now);
  }

  function waitForNext(now: number): void {
    const [next] = store.rows<{ next_ms: number }>(
      "SELECT next_ms FROM deliveries WHERE state = 'pending' AND next_ms > ? ORDER BY next_ms LIMIT 1",
      now,
    );
    if (!next) return;
    timer = setTimeout(pump, Math.min(Math.max(1, next.next_ms - Date.now()), longestSleepMs));
    timer.unref();
  }

  function wake(): void {
    if (scheduled || stopped) return;
    scheduled = true;
    setImmediate(pump);
  }

  return {
    enqueue,
    wake,
    paused,
    faults,

    pause() {
      store.setSetting('deliveries_paused', 'true');
    },

    resume() {
      store.setSetting('deliveries_paused', 'false');
      wake();
    },

    setFaults(change) {
      const next = { ...faults(), ...change };
      store.setSetting('faults', JSON.stringify(next));
      store.setSetting('faults_state', String(next.seed));
      return next;
    },

    async flush() {
      const pending = store
        .rows<Row>("SELECT * FROM deliveries WHERE state = 'pending' ORDER BY next_ms, seq")
        .filter((row) => !underWay.has(row.id));
      const results: boolean[] = [];
      const already = [...underWay.values()];
      for (let at = 0; at < pending.length; at += concurrency) {
        results.push(...(await Promise.all(pending.slice(at, at + concurrency).map(start))));
      }
      results.push(...(await Promise.all(already)));
      return { attempted: results.length, delivered: results.filter(Boolean).length };
    },

    list(eventId) {
      const rows =
        eventId === undefined
          ? store.rows<Row>('SELECT * FROM deliveries ORDER BY seq DESC LIMIT 1000')
          : store.rows<Row>('SELECT * FROM deliveries WHERE event = ? ORDER BY seq', eventId);
      return rows.map(toDelivery);
    },

    replay(event, destinations) {
      for (const destination of destinations) insert(event, destination.id, 0, 'pending', ['replay']);
      wake();
      return destinations.length;
    },

    counts() {
      const rows = store.rows<{ state: string; n: number }>(
        'SELECT state, count(*) AS n FROM deliveries GROUP BY state',
      );
      return {
        pending: 0,
        delivered: 0,
        dropped: 0,
        failed: 0,
        ...Object.fromEntries(rows.map((r) => [r.state, r.n])),
      };
    },

    async stop(boundMs) {
      stopped = true;
      clearTimeout(timer);
      const bound = setTimeout(() => cutOff.abort(), boundMs);
      await Promise.allSettled(underWay.values());
      clearTimeout(bound);
    },
  };
}

/** The destinations that want an event of this type. */
export function interested(endpoints: readonly EndpointDoc[], type: string): EndpointDoc[] {
  return endpoints.filter(
    (endpoint) =>
      endpoint.status === 'enabled' && endpoint.enabled_events.some((pattern) => matchesType(pattern, type)),
  );
}
