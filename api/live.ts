import pg from 'pg';
import type { Logger } from 'pino';
import { connectionTo } from '../automation/store/connection.ts';

/** What followers hear of: something about a tenant was written, or an API key has ended or changed. */
export type Topic = 'tenant' | 'key';

/** Wakes the followers of a tenant or of a key when something about it is written, on any replica. */
export interface Live {
  /** @returns a function that ends the subscription */
  subscribe(topic: Topic, id: string, wake: () => void): () => void;
  close(): Promise<void>;
}

/** The channels, as migrations name them. */
const channels: Readonly<Record<string, Topic>> = { tenantry_tenant: 'tenant', tenantry_key: 'key' };

const reconnectMs = 1000;

/**
 * Listens on its own connection, because LISTEN belongs to a session. Reconnects for as long as it takes.
 * @param keyEnded called before a key's followers are woken; with null when any key may have ended, as nobody listened
 */
export async function listenForChanges(
  databaseUrl: string,
  log: Logger,
  keyEnded: (id: string | null) => void,
): Promise<Live> {
  const followers = new Map<string, Set<() => void>>();
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function connect(): Promise<void> {
    const next = new pg.Client({ ...connectionTo(databaseUrl), application_name: 'tenantry-live' });
    next.on('error', () => {});
    next.on('end', reconnect);
    next.on('notification', ({ channel, payload = '' }) => {
      const topic = channels[channel];
      if (topic === 'key') keyEnded(payload);
      wake(followers.get(`${topic}:${payload}`));
    });
    await next.connect();
    for (const channel of Object.keys(channels)) await next.query(`listen ${channel}`);
    client = next;
    // Something may have been written while nobody listened.
    keyEnded(null);
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
    subscribe(topic, id, follower) {
      const name = `${topic}:${id}`;
      const set = followers.get(name) ?? new Set();
      followers.set(name, set.add(follower));
      return () => {
        set.delete(follower);
        if (set.size === 0) followers.delete(name);
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
