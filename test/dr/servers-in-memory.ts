/** RDS's servers as recovery sees them, in memory: what takes time there takes a few looks here. */
import type { BackupWindow, DatabaseServers, Server, ServerSettings } from '../../automation/dr/servers.ts';

export interface MemoryServers extends DatabaseServers {
  readonly servers: Map<string, Server>;
  /** Every request, in words. */
  readonly log: string[];
  readonly proxies: Map<string, string>;
}

export const usual: ServerSettings = { multiAz: true, backupRetentionDays: 35, deletionProtection: true };

export function server(id: string, more: Partial<Server> = {}): Server {
  return { id, status: 'available', host: `${id}.rds.test`, replicaOf: null, ...usual, tags: {}, ...more };
}

/** @param looksUntilReady looks before a server under way is available */
export function memoryServers(
  given: readonly Server[],
  windows: Readonly<Record<string, BackupWindow>> = {},
  looksUntilReady = 2,
): MemoryServers {
  const servers = new Map(given.map((each) => [each.id, each]));
  const pending = new Map<string, number>();
  const log: string[] = [];
  const proxies = new Map<string, string>();
  const existing = (id: string) => {
    const found = servers.get(id);
    if (!found) throw new Error(`no server ${id}`);
    if (found.status !== 'available') throw new Error(`${id} is ${found.status}: InvalidDBInstanceState`);
    return found;
  };
  const put = (made: Server, status: string) => {
    servers.set(made.id, { ...made, status });
    pending.set(made.id, looksUntilReady);
  };
  return {
    servers,
    log,
    proxies,
    async find(id) {
      const found = servers.get(id);
      if (!found) return null;
      const left = pending.get(id);
      if (left === undefined) return found;
      if (left > 0) pending.set(id, left - 1);
      else {
        pending.delete(id);
        servers.set(id, { ...found, status: 'available' });
      }
      return servers.get(id) ?? null;
    },
    async backups(id) {
      return windows[id] ?? null;
    },
    async promote(id, { backupRetentionDays }) {
      log.push(`promote ${id}`);
      put({ ...existing(id), replicaOf: null, multiAz: false, backupRetentionDays }, 'modifying');
    },
    async rename(id, newId) {
      log.push(`rename ${id} ${newId}`);
      const found = existing(id);
      if (servers.has(newId)) throw new Error(`${newId} exists`);
      servers.delete(id);
      put({ ...found, id: newId, host: `${newId}.rds.test` }, 'renaming');
    },
    async restore({ target, at, like, tags, backup }) {
      log.push(`restore ${target} from ${backup.source.kind} ${at?.toISOString() ?? 'latest'} like ${like}`);
      if (servers.has(target)) throw new Error(`${target} exists`);
      put(server(target, { multiAz: false, backupRetentionDays: 1, tags }), 'creating');
    },
    async adjust(id, settings) {
      log.push(`adjust ${id}`);
      put({ ...existing(id), ...settings }, 'modifying');
    },
    async takePassword(id, secretName) {
      log.push(`password ${id} ${secretName}`);
      put(existing(id), 'resetting-master-credentials');
    },
    async connectProxy(proxy, id) {
      log.push(`proxy ${proxy} ${id}`);
      proxies.set(proxy, id);
    },
    async tag(id, tags) {
      const found = servers.get(id);
      if (!found) throw new Error(`no server ${id}`);
      servers.set(id, { ...found, tags: { ...found.tags, ...tags } });
    },
  };
}
