import pg from 'pg';
import type { Logger } from 'pino';
import { connectionTo } from '../automation/store/connection.ts';

/** Wakes the followers of a tenant when something about it is written, on any replica. */
export interface LiveTenants {
  /** @returns a function that ends the subscription */
  subscribe(tenantId: string, wake: () => void): () => void;
  close(): Promise<void>;
}

const reconnectMs = 1000;

/** Listens on its own connection, because LISTEN belongs to a session. Reconnects for as long as it takes. */
export async function listenForTenants(databaseUrl: string, log: Logger): Promise<LiveTenants> {
  const followers = new Map<string, Set<() => void>>();
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function connect(): Promise<void> {
    const next = new pg.Client({ ...connectionTo(databaseUrl), application_name: 'tenantry-live' });
    next.on('error', () => {});
    next.on('end', reconnect);
    next.on('notification', ({ payload }) => wake(followers.get(payload ?? '')));
    await next.connect();
    await next.query('listen tenantry_tenant');
    client = next;
    // Something may have been written while nobody listened.
    for (const set of followers.values()) wake(set);
  }

  function reconnect(): void {
    client = undefined;
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      connect().catch((error: unknown) => {
        log.warn({ error }, 'not listening for changes; trying again');
        reconnect();
      });
    }, reconnectMs);
  }

  await connect();
  return {
    subscribe(tenantId, follower) {
      const set = followers.get(tenantId) ?? new Set();
      followers.set(tenantId, set.add(follower));
      return () => {
        set.delete(follower);
        if (set.size === 0) followers.delete(tenantId);
      };
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end();
    },
  };
}

function wake(followers: Iterable<() => void> | undefined): void {
  for (const follower of followers ?? []) follower();
}
