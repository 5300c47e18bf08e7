import { Gauge, type Registry } from 'prom-client';
import { z } from 'zod';
import type { Queryable } from '../store/database.ts';
import { task, type Work } from '../work/index.ts';
import { ringDueEndpoints } from './deliveries.ts';
import { createDispatcher, type DispatchContext } from './dispatcher.ts';
import { forgetSecrets, removeEndpointsOfDeleted } from './endpoints.ts';
import { forgetAddresses, forgetEvents, readFigures } from './log.ts';

const woken = z.object({ endpointIds: z.array(z.string()) });

/** Most events that one sweep deletes; the next one takes the rest. */
const batch = 500;

/** What a worker does for notifications; its jobs only wake the dispatcher. */
export function notificationsWork(context: DispatchContext): Work {
  const { database, now } = context;
  const dispatcher = createDispatcher(context);
  return {
    tasks: {
      doorbells: {
        'deliver-notifications': task(woken, async ({ endpointIds }) => dispatcher.ring(endpointIds)),
      },
    },
    sweep: { shared: { keepNotifications: () => keepNotifications(database, now(), batch) } },
    begin(registry) {
      observeNotifications(registry, database, now);
      return async () => {};
    },
    close: dispatcher.stop,
  };
}

/** Rings for what is due and deletes what has expired, `limit` events at most. */
export async function keepNotifications(db: Queryable, now: Date, limit: number): Promise<void> {
  await ringDueEndpoints(db, now);
  await forgetSecrets(db, now);
  await forgetEvents(db, now, limit);
  await forgetAddresses(db, { limit });
  await removeEndpointsOfDeleted(db);
}

export function observeNotifications(registry: Registry, database: Queryable, now: () => Date): void {
  new Gauge({
    name: 'tenantry_notifications_overdue_seconds',
    help: 'For how long the oldest due webhook delivery has been due; 0 when none is',
    registers: [registry],
    async collect() {
      this.set((await readFigures(database, now())).overdueSeconds);
    },
  });
  new Gauge({
    name: 'tenantry_notification_endpoints_disabled',
    help: 'Webhook endpoints that are disabled because they failed',
    registers: [registry],
    async collect() {
      this.set((await readFigures(database, now())).disabled);
    },
  });
}
