/** PostgreSQL servers on this machine that can be lost and restored, by names like RDS's. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { BackupWindow, DatabaseServers, Server } from '../../automation/dr/servers.ts';
import { freePorts } from '../../automation/local/ports.ts';
import { type RunningPostgres, startPostgres } from '../../automation/local/postgres.ts';

const run = promisify(execFile);

interface LocalServer {
  readonly dataDir: string;
  readonly running: RunningPostgres;
  settings: Pick<Server, 'multiAz' | 'backupRetentionDays' | 'deletionProtection'>;
  tags: Record<string, string>;
}

export interface LocalServers extends DatabaseServers {
  /** Starts a new server. Gives its administrator's URL. */
  create(id: string): Promise<string>;
  /** Backs up a running server, as RDS always does. */
  backup(id: string): Promise<void>;
  /** The server and its data are gone; its backups are not. */
  lose(id: string): Promise<void>;
  readonly proxies: Map<string, string>;
  stop(): Promise<void>;
}

/** As RDS restores them: without the platform's configuration yet. */
const bare = { multiAz: false, backupRetentionDays: 1, deletionProtection: false };

export function localServers(root: string): LocalServers {
  const servers = new Map<string, LocalServer>();
  const windows = new Map<string, { dir: string; at: Date }>();
  const ports = new Map<string, number>();
  const proxies = new Map<string, string>();
  let folders = 0;

  /** An address belongs to a name, whichever server has it. */
  async function portOf(id: string): Promise<number> {
    const [free = 0] = await freePorts(1);
    const port = ports.get(id) ?? free;
    ports.set(id, port);
    return port;
  }

  async function start(id: string, dataDir: string, tags: Record<string, string>): Promise<LocalServer> {
    const running = await startPostgres({
      dataDir,
      port: await portOf(id),
      durable: false,
      archivable: true,
    });
    const server = { dataDir, running, settings: bare, tags };
    servers.set(id, server);
    return server;
  }

  const existing = (id: string): LocalServer => {
    const found = servers.get(id);
    if (!found) throw new Error(`there is no server ${id}`);
    return found;
  };

  return {
    proxies,
    create: async (id) => (await start(id, join(root, `server-${folders++}`), {})).running.url,

    async backup(id) {
      const { dataDir, running } = existing(id);
      const dir = join(root, `backup-${folders++}`);
      const at = await baseBackup(running.url, dataDir, dir);
      windows.set(id, { dir, at });
    },

    async lose(id) {
      const { running, dataDir } = existing(id);
      servers.delete(id);
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    },

    async find(id) {
      const found = servers.get(id);
      if (!found) return null;
      const host = `127.0.0.1:${ports.get(id)}`;
      return { id, status: 'available', host, replicaOf: null, ...found.settings, tags: { ...found.tags } };
    },
    async backups(id): Promise<BackupWindow | null> {
      const window = windows.get(id);
      return window ? { source: { kind: 'instance', id }, from: window.at, until: window.at } : null;
    },
    async restore({ backup, target, tags }) {
      const window = backup.source.kind === 'instance' ? windows.get(backup.source.id) : undefined;
      if (!window) throw new Error('no such backup');
      const dataDir = join(root, `server-${folders++}`);
      await run('cp', ['-a', window.dir, dataDir]);
      await start(target, dataDir, { ...tags });
    },
    async rename(id, newId) {
      const { dataDir, running, tags } = existing(id);
      servers.delete(id);
      await running.stop();
      await start(newId, dataDir, tags);
    },
    async adjust(id, settings) {
      existing(id).settings = settings;
    },
    async takePassword(id) {
      // The password lies beside the data and came back with it.
      existing(id);
    },
    async connectProxy(proxy, id) {
      existing(id);
      proxies.set(proxy, id);
    },
    async tag(id, tags) {
      Object.assign(existing(id).tags, tags);
    },
    async promote() {
      throw new Error('a local server has no replicas');
    },
    async stop() {
      await Promise.all([...servers.values()].map(({ running }) => running.stop()));
    },
  };
}

/** A copy of a running server's files, with as much of its log as makes them one moment. */
async function baseBackup(url: string, dataDir: string, target: string): Promise<Date> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const cluster = join(target, 'cluster');
    await client.query("select pg_backup_start('rehearsal', fast => true)");
    await mkdir(target, { recursive: true });
    await run('cp', ['-a', join(dataDir, 'cluster'), cluster]);
    const { rows } = await client.query<{ labelfile: string; at: Date }>(
      'select labelfile, now() as at from pg_backup_stop(wait_for_archive => false)',
    );
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    // The log that was written while the files were copied, up to the end of the backup.
    for (const segment of await readdir(join(dataDir, 'cluster/pg_wal'))) {
      if (/^[0-9A-F]{24}$/.test(segment)) {
        await run('cp', ['-a', join(dataDir, 'cluster/pg_wal', segment), join(cluster, 'pg_wal', segment)]);
      }
    }
    await writeFile(join(cluster, 'backup_label'), rows[0]?.labelfile ?? '');
    await run('chown', [`--reference=${join(cluster, 'PG_VERSION')}`, join(cluster, 'backup_label')]);
    await cp(join(dataDir, 'password'), join(target, 'password'));
    return rows[0]?.at ?? new Date();
  } finally {
    await client.end();
  }
}
