/** What tests of deliveries share: a database, endpoints of receivers, and a dispatcher with a clock to turn. */
import pino from 'pino';
import { createDispatcher, type DispatchContext } from '../../automation/notify/dispatcher.ts';
import type { EndpointScope, NewEndpoint } from '../../automation/notify/endpoints.ts';
import { insertEndpoint } from '../../automation/notify/index.ts';
import { type LoggedDelivery, listDeliveries } from '../../automation/notify/log.ts';
import type { Database } from '../../automation/store/database.ts';
import { firstPage } from '../../automation/store/pages.ts';

export const allTenants: EndpointScope = { kind: 'all' };

export async function addEndpoint(
  database: Database,
  url: string,
  more: Partial<NewEndpoint> = {},
): Promise<{ readonly id: string; readonly secret: string }> {
  const made = await database.transaction((client) =>
    insertEndpoint(client, {
      url,
      description: null,
      scope: allTenants,
      events: null,
      email: null,
      ...more,
    }),
  );
  if (!made) throw new Error('there are too many endpoints');
  return { id: made.endpoint.id, secret: made.secret };
}

export interface Clock {
  now: () => Date;
  forward(ms: number): void;
}

export function turnableClock(): Clock {
  let aheadMs = 0;
  return {
    now: () => new Date(Date.now() + aheadMs),
    forward: (ms) => {
      aheadMs += ms;
    },
  };
}

export function dispatcherOf(database: Database, more: Partial<DispatchContext> = {}) {
  return createDispatcher({
    database,
    rules: { allowPrivate: true, resolve: async () => [] },
    log: pino({ level: 'silent' }),
    now: () => new Date(),
    random: () => 0,
    ...more,
  });
}

/** The log of one endpoint, oldest first. */
export async function logOf(database: Database, endpointId: string): Promise<LoggedDelivery[]> {
  return listDeliveries(database, { scope: allTenants, endpointId }, firstPage(1000, 'id', 'ascending'));
}
