/** The simulated account: memory, clock and deliveries together, and the one way to change it. */

import type { Promotion } from '../../../tenants/catalog/promotions.ts';
import type { Product } from '../../../tenants/catalog/types.ts';
import { wantedCatalog } from '../../billing/catalog/index.ts';
import { seedCatalog } from './catalog/catalog.ts';
import { seedPortal } from './checkout/portal-configurations.ts';
import { type Clock, createClock } from './clock.ts';
import type { Context, Dunning } from './context.ts';
import { createDeliveries, type Deliveries, interested } from './delivery/deliveries.ts';
import { configureDestinations } from './delivery/endpoints.ts';
import { recordEvent } from './delivery/event-log.ts';
import type { Destination } from './delivery/record.ts';
import { StripeError } from './http/errors.ts';
import { openStore, type Store } from './store.ts';
import { createTimeline, type Timeline } from './timeline.ts';

export interface AccountOptions {
  readonly dataFile: string;
  readonly catalog: readonly Product[];
  readonly promotions: readonly Promotion[];
  readonly destinations: readonly Destination[];
  readonly dunning: Dunning;
  readonly deliveryTimeScale: number;
  readonly deliveryConcurrency: number;
  readonly answerTimeoutMs: number;
  readonly log: (message: string) => void;
}

export interface Account {
  readonly store: Store;
  readonly clock: Clock;
  readonly deliveries: Deliveries;
  readonly timeline: Timeline;
  /** Runs `work` as one transaction with an event log; deliveries start once it is committed. */
  perform<R>(origin: Context['origin'], work: (context: Context) => R): R;
  setDestinations(destinations: readonly Destination[]): void;
  /** The address under which the server can be reached, known once it listens. */
  setUrl(url: string): void;
  close(boundMs: number): Promise<void>;
}

export const byItself: Context['origin'] = { requestId: null, idempotencyKey: null };

export function openAccount(options: AccountOptions): Account {
  const store = openStore(options.dataFile);
  const clock = createClock(store);
  const deliveries = createDeliveries({
    store,
    timeScale: options.deliveryTimeScale,
    concurrency: options.deliveryConcurrency,
    answerTimeoutMs: options.answerTimeoutMs,
    log: options.log,
  });
  let url = '';

  function contextFor(origin: Context['origin']): Context {
    return {
      store,
      dunning: options.dunning,
      url,
      origin,
      now: clock.now,
      emit(type, object, previous) {
        const wanting = interested(store.all('webhook_endpoint', {}), type);
        const event = recordEvent(store, {
          type,
          object,
          previous,
          created: clock.now(),
          destinations: wanting.length,
          origin,
        });
        deliveries.enqueue(event, wanting);
      },
    };
  }

  function perform<R>(origin: Context['origin'], work: (context: Context) => R): R {
    try {
      return store.transaction(
        () => work(contextFor(origin)),
        (error) => error instanceof StripeError && error.details.keepEffects === true,
      );
    } finally {
      deliveries.wake();
    }
  }

  const timeline = createTimeline({ store, clock, perform, log: options.log });
  return {
    store,
    clock,
    deliveries,
    timeline,
    perform,

    setDestinations(destinations) {
      perform(byItself, (context) => configureDestinations(context, destinations));
    },

    setUrl(address) {
      url = address;
      perform(byItself, (context) => {
        // The first catalog exists before the server listens, as in an account that is set up before its webhooks.
        seedCatalog(context, wantedCatalog(options.catalog, options.promotions));
        seedPortal(context);
        configureDestinations(context, options.destinations);
      });
      timeline.start();
    },

    async close(boundMs) {
      await timeline.stop();
      await deliveries.stop(boundMs);
      store.close();
    },
  };
}
