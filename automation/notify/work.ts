import { Gauge, type Registry } from 'prom-client';
import { z } from 'zod';
import type { Queryable } from '../store/database.ts';
import { ringDueEndpoints } from './deliveries.ts';
import { createDispatcher, type DispatchContext } from './dispatcher.ts';
import { forgetSecrets, removeEndpointsOfDeleted } from './endpoints.ts';
import { forgetEvents, readFigures } from './log.ts';

const payloadSchema = z.object({ endpointIds: z.array(z.string()) });

/** What a worker does for notifications: the jobs, which only wake its dispatcher, and their end. */
export function openNotifications(context: DispatchContext) {
  const dispatcher = createDispatcher(context);
  return {
    tasks: {
      'deliver-notifications': (payload: unknown) =>
        dispatcher.ring(payloadSchema.parse(payload).endpointIds),
    },
    stop: dispatcher.stop,
  };
}

/** Rings for what is due, and forgets what was kept for long enough; at most `limit` events of it. */
export async function keepNotifications(db: Queryable, now: Date, limit: number): Promise<void> {
  await ringDueEndpoints(db, now);
  await forgetSecrets(db, now);
  await forgetEvents(db, now, limit);
  await removeEndpointsOfDeleted(db);
}

/** Shows how deliveries stand. */
export function observeNotifications(registry: Registry, database: Queryable, now: () => Date): void {
  new Gauge({
    name: 'tenantry_notifications_overdue_seconds',
    help: 'How long the webhook delivery that is due for longest has been; 0 when none is',
    registers: [registry],
    async collect() {
      this.set((await readFigures(database, now())).overdueSeconds);
    },
  });
  new Gauge({
    name: 'tenantry_notification_endpoints_disabled',
    help: 'Webhook endpoints that were disabled as they failed',
    registers: [registry],
    async collect() {
      this.set((await readFigures(database, now())).disabled);
    },
  });
}
