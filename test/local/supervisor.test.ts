import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Endpoints, endpointsSchema } from '../../automation/local/home.ts';
import { freePorts } from '../../automation/local/ports.ts';
import { processStarted } from '../../automation/process-group.ts';
import { freshDatabase } from '../support/database.ts';
import { until } from '../support/wait.ts';

const run = promisify(execFile);
const homes: string[] = [];
const children: ChildProcess[] = [];
const servers: Server[] = [];

interface Supervisor {
  child: ChildProcess;
  stderr(): string;
  ready: Promise<Endpoints>;
  ended: Promise<number | null>;
}

/** Starts one; without `embedded`, database, cluster and payments are those of the run or made up. */
function supervise(home: string, variables: Record<string, string> = {}, embedded = false): Supervisor {
  const own = embedded
    ? {}
    : {
        DATABASE_URL: inject('postgresUrl'),
        TENANT_DATABASE_URL: inject('tenantPostgresUrl'),
        KUBECONFIG: inject('kubeconfig'),
        STRIPE_SECRET_KEY: 'sk_test_1',
        STRIPE_WEBHOOK_SECRET: 'whsec_1',
      };
  const tools = Object.entries(inject('tools')).map(([name, path]) => [
    `TENANTRY_TOOL_${name.toUpperCase().replaceAll('-', '_')}`,
    path,
  ]);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'stand-ins/supervisor.ts')], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      TENANTRY_HOME: join(home, '.tenantry'),
      TENANTRY_DOWNLOADS: 'off',
      ...Object.fromEntries(tools),
      ...own,
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const output = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const ready = (async () => {
    let over = false;
    ended.then(() => {
      over = true;
    });
    while (!output.out.includes('\n')) {
      if (over) throw new Error(`the supervisor ended:\n${output.err}`);
      await delay(20);
    }
    return endpointsSchema.parse(JSON.parse(output.out));
  })();
  ready.catch(() => {});
  return { child, stderr: () => output.err, ready, ended };
}

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'tenantry-home-'));
  homes.push(home);
  return home;
}

async function freePort(): Promise<string> {
  return String((await freePorts(1))[0]);
}

async function tell(
  endpoints: Pick<Endpoints, 'api'>,
): Promise<{ pid: number; env: Record<string, string> }> {
  return (await fetch(`${endpoints.api}/`)).json() as Promise<{ pid: number; env: Record<string, string> }>;
}

async function recordedPids(home: string): Promise<number[]> {
  const folder = join(home, '.tenantry/run');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  return Promise.all(
    files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')).pid as number),
  );
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function end(supervisor: Supervisor): Promise<void> {
  supervisor.child.kill('SIGINT');
  await supervisor.ended;
}

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => Promise.all(homes.map((home) => rm(home, { recursive: true, force: true }))));

describe('a supervisor', () => {
  test('uses what variables name, gives the rest, and says where all is', async () => {
    const home = await newHome();
    const supervisor = supervise(home, { PORT: await freePort() });
    const endpoints = await supervisor.ready;
    expect(endpoints).toMatchObject({ kubeconfig: inject('kubeconfig'), stripe: 'https://api.stripe.com' });
    const file = join(home, '.tenantry/endpoints.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(endpoints);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(supervisor.stderr()).toContain(
      "using your own PostgreSQL (DATABASE_URL), tenants' PostgreSQL (TENANT_DATABASE_URL), Kubernetes (KUBECONFIG), Stripe (STRIPE_SECRET_KEY)\n",
    );
    expect((await tell(endpoints)).env).toMatchObject({
      DATABASE_URL: inject('postgresUrl'),
      TENANTRY_TENANTS_SHARE_DATABASE_SERVER: 'off',
      STRIPE_SECRET_KEY: 'sk_test_1',
      STRIPE_WEBHOOK_SECRET: 'whsec_1',
      OIDC_ISSUER: endpoints.issuer,
      OIDC_AUDIENCE: 'tenantry',
      PULUMI_BACKEND_URL: `file://${join(home, '.tenantry/state')}`,
      TENANTRY_SECRETS_PROVIDER: 'hashivault://tenantry',
      TENANTRY_KUBERNETES_PROVIDER: 'embedded',
      VAULT_ADDR: expect.stringMatching(/^http:/),
    });
    await end(supervisor);
    await expect(access(file)).rejects.toThrow();
    expect(await recordedPids(home)).toEqual([]);
  });

  test('needs no more than a key to use Stripe, and says what that lacks', async () => {
    const supervisor = supervise(await newHome(), { PORT: await freePort(), STRIPE_WEBHOOK_SECRET: '' });
    const { env } = await tell(await supervisor.ready);
    expect(env.STRIPE_SECRET_KEY).toBe('sk_test_1');
    expect(env.STRIPE_WEBHOOK_SECRET).toMatch(/^whsec_/);
    expect(supervisor.stderr()).toMatch(
      /without STRIPE_WEBHOOK_SECRET the API accepts no Stripe events, .*stripe listen/,
    );
    await end(supervisor);
  });

  test('starts the service again when it dies', async () => {
    const supervisor = supervise(await newHome(), { PORT: await freePort() });
    const endpoints = await supervisor.ready;
    const before = (await tell(endpoints)).pid;
    await fetch(`${endpoints.api}/crash`).catch(() => {});
    await until(async () => (await tell(endpoints).catch(() => undefined)) !== undefined);
    expect((await tell(endpoints)).pid).not.toBe(before);
    expect(supervisor.stderr()).toMatch(/api ended \(1\); it starts again/);
    await end(supervisor);
  });

  test('refuses a second one in the same home and says where the first is', async () => {
    const home = await newHome();
    const first = supervise(home, { PORT: await freePort() });
    const { api } = await first.ready;
    const second = supervise(home, { PORT: await freePort() });
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toContain(`already runs with ${join(home, '.tenantry')}: ${api}`);
    expect((await tell(await first.ready)).pid).toBeGreaterThan(0);
    await end(first);
  });

  test('says so when the port that PORT names is taken', async () => {
    const port = await takePort();
    const supervisor = supervise(await newHome(), { PORT: String(port) });
    expect(await supervisor.ended).toBe(1);
    expect(supervisor.stderr()).toContain(`Port ${port} is taken by another program`);
  });

  test('never takes another program that answers at its port for its own service', async () => {
    const port = await freePort();
    const home = await newHome();
    const supervisor = supervise(home, { PORT: port, STAND_IN_GATE: home });
    await until(() => exists(join(home, port)));
    // Just before the API listens, another program takes the port, and answers 200 to everything.
    await takePort(Number(port));
    await writeFile(join(home, 'open'), '');
    expect(await supervisor.ended).toBe(1);
    expect(supervisor.stderr()).toContain(
      `Port ${port} was taken by another program while Tenantry started: set PORT to a free one.`,
    );
    expect(await exists(join(home, '.tenantry/endpoints.json'))).toBe(false);
  });

  test('moves on, and the simulator’s events with it, when a port that nobody named is taken meanwhile', async () => {
    const home = await newHome();
    const supervisor = supervise(home, { STRIPE_SECRET_KEY: '', STAND_IN_GATE: home });
    const lost = await until(async () => (await readdir(home)).find((name) => /^\d+$/.test(name)));
    await takePort(Number(lost));
    await writeFile(join(home, 'open'), '');
    const { api, stripe } = await supervisor.ready;
    expect(new URL(api).port).not.toBe(lost);
    expect((await tell({ api })).env.TENANTRY_HOME).toBe(join(home, '.tenantry'));
    const state = await fetch(`${stripe}/_simulator`);
    expect(await state.json()).toMatchObject({ destinations: [{ url: `${api}/webhooks/stripe` }] });
    await end(supervisor);
  });

  test('does not get in the way of another that starts in another home at the same time', async () => {
    const homes = [await newHome(), await newHome()];
    const both = homes.map((home) => supervise(home));
    const apis = await Promise.all(both.map(async ({ ready }) => (await ready).api));
    const told = await Promise.all(apis.map((api) => tell({ api })));
    expect(told.map(({ env }) => env.TENANTRY_HOME)).toEqual(homes.map((home) => join(home, '.tenantry')));
    await Promise.all(both.map(end));
  });

  test('moves a piece whose kept port was taken meanwhile, and says so', async () => {
    const home = await newHome();
    const first = supervise(home, { PORT: await freePort() });
    const issuer = new URL((await first.ready).issuer);
    await end(first);
    await takePort(Number(issuer.port));
    const second = supervise(home, { PORT: await freePort() });
    expect((await second.ready).issuer).not.toBe(issuer.origin);
    expect(second.stderr()).toContain(`port ${issuer.port} of issuer is taken`);
    await end(second);
  });
});

describe("tenants' databases", () => {
  const embedded = { DATABASE_URL: '', TENANT_DATABASE_URL: '' };
  const portOf = (url = '') => new URL(url).port;

  test('have a server of their own, to which those of an earlier installation move with their address', async () => {
    const home = await newHome();
    const before = supervise(home, {
      ...embedded,
      PORT: await freePort(),
      TENANTRY_TENANTS_SHARE_DATABASE_SERVER: 'on',
    });
    const one = await before.ready;
    expect(portOf(one.tenantPostgres)).toBe(portOf(one.postgres));
    expect(before.stderr()).toContain('SHARE_DATABASE_SERVER is on: a tenant');
    expect((await tell(one)).env.TENANTRY_TENANTS_SHARE_DATABASE_SERVER).toBe('on');
    await query(one.postgres, 'create schema tenantry; create table tenantry.ours as select 1 as answer');
    await query(one.postgres, 'create database postgres_tenants template template0');
    await query(one.postgres, 'create role tenantry_migrator');
    await query(one.postgres, "create role tenant_k3fj9x2a login password 'correcthorsebattery'");
    await query(one.postgres, "comment on role tenant_k3fj9x2a is 'tenantry:k3fj9x2a'");
    await query(one.postgres, 'create database tenant_other001 template template0');
    await query(one.postgres, "comment on database tenant_other001 is 'tenantry:other001'");
    await query(one.tenantPostgres ?? '', 'create schema tenant_k3fj9x2a authorization tenantry_migrator');
    await query(one.tenantPostgres ?? '', 'create table tenant_k3fj9x2a.theirs as select 2 as answer');
    await query(
      one.tenantPostgres ?? '',
      'grant usage on schema tenant_k3fj9x2a to tenant_k3fj9x2a; grant select on tenant_k3fj9x2a.theirs to tenant_k3fj9x2a',
    );
    await end(before);

    const after = supervise(home, { ...embedded, PORT: await freePort() });
    const two = await after.ready;
    expect(after.stderr()).toContain("moving the tenants' databases to a server of their own");
    expect((await tell(two)).env).toMatchObject({
      TENANT_DATABASE_URL: two.tenantPostgres,
      TENANTRY_TENANTS_SHARE_DATABASE_SERVER: 'off',
    });
    expect(portOf(two.tenantPostgres)).toBe(portOf(one.tenantPostgres));
    expect(portOf(two.postgres)).not.toBe(portOf(one.postgres));
    const login = new URL(one.tenantPostgres ?? '');
    Object.assign(login, { username: 'tenant_k3fj9x2a', password: 'correcthorsebattery' });
    expect(await query(login.href, 'select * from tenant_k3fj9x2a.theirs')).toEqual([{ answer: 2 }]);
    expect(await query(two.postgres, 'select * from tenantry.ours')).toEqual([{ answer: 1 }]);
    const names = `select datname as name from pg_database where datname ~ 'tenant'
      union all select rolname from pg_roles where rolname ~ 'tenant' union all
      select nspname from pg_namespace where nspname ~ 'tenantry' order by 1`;
    expect(await query(two.postgres, names)).toEqual([{ name: 'tenantry' }]);
    const all = login.href.replace(
      /\/\/[^@]+@/,
      `//${new URL(two.tenantPostgres ?? '').username}:${new URL(two.tenantPostgres ?? '').password}@`,
    );
    expect(await query(all.replace('postgres_tenants', 'postgres'), names)).toEqual(
      ['postgres_tenants', 'tenant_k3fj9x2a', 'tenant_other001', 'tenantry_migrator'].map((name) => ({
        name,
      })),
    );
    await end(after);

    // Who has one keeps it.
    const third = supervise(home, {
      ...embedded,
      PORT: await freePort(),
      TENANTRY_TENANTS_SHARE_DATABASE_SERVER: 'on',
    });
    expect(await third.ready).toMatchObject({ postgres: two.postgres, tenantPostgres: two.tenantPostgres });
    await end(third);
  });

  test('on a server of the user’s are not forgotten: it says what to set', async () => {
    const own = await freshDatabase();
    const beside = new URL(own.url);
    beside.pathname = `/${own.name}_tenants`;
    await query(own.url, `create database ${own.name}_tenants`);
    try {
      const supervisor = supervise(await newHome(), {
        DATABASE_URL: own.url,
        TENANT_DATABASE_URL: '',
        PORT: await freePort(),
      });
      await expect(supervisor.ready).rejects.toThrow(
        /TENANT_DATABASE_URL is not set, and the tenants' database test_\w+_tenants is on the server of DATABASE_URL: .*SHARE_DATABASE_SERVER=on/,
      );
    } finally {
      await query(own.url, `drop database ${own.name}_tenants`);
      await own.drop();
    }
  });
});

describe('a whole embedded installation', () => {
  let home: string;
  beforeAll(async () => {
    home = await newHome();
  });

  test('that is killed leaves nothing in the way of the next start, which finds its data', async () => {
    const first = supervise(home, { PORT: await freePort() }, true);
    const before = await first.ready;
    await query(before.postgres, 'create table kept as select 42 as answer');
    await run(inject('tools').kubectl, ['--kubeconfig', before.kubeconfig, 'create', 'namespace', 'kept']);
    const pids = await recordedPids(home);
    expect(pids.length).toBeGreaterThanOrEqual(8);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = supervise(home, { PORT: await freePort() }, true);
    const after = await second.ready;
    expect(pids.filter((pid) => processStarted(pid) !== null)).toEqual([]);
    expect(after).toMatchObject({ postgres: before.postgres, issuer: before.issuer, stripe: before.stripe });
    expect(await query(after.postgres, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await run(inject('tools').kubectl, ['--kubeconfig', after.kubeconfig, 'get', 'namespace', 'kept']);

    const begun = Date.now();
    const running = await recordedPids(home);
    await end(second);
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(running.filter((pid) => processStarted(pid) !== null)).toEqual([]);
  });
});

async function takePort(port = 0): Promise<number> {
  const server = createServer((_request, answer) => answer.end('{}'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
