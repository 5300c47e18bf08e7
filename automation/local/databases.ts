/** The embedded servers: the control plane's, and the tenants' own. */
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedServerDanger, sharedServerRefused, tenantDatabaseBeside } from '../environment/index.ts';
import { withClient } from '../store/connection.ts';
import { settleAll } from '../work/index.ts';
import type { LocalEnv } from './env.ts';
import type { Home } from './home.ts';
import { copyCluster, hasCluster, makeClusters, startPostgres } from './postgres.ts';

export interface Databases {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  /** Whether the tenants' databases are on the control plane's server. */
  readonly shared: boolean;
}

interface Context {
  readonly env: LocalEnv;
  readonly home: Home;
  readonly ports: Readonly<Record<'postgres' | 'postgres-tenants', number>>;
  readonly log: (line: string) => void;
  readonly onStarted: (stop: () => Promise<void>) => void;
}

/** Starts the servers that no variable names, side by side. */
export async function startDatabases(context: Context): Promise<Databases> {
  const { env, home, log } = context;
  const { databaseUrl, tenantDatabaseUrl } = env.own;
  const shared = tenantDatabaseUrl === undefined && (await sharesServer(env, home.path));
  if (shared) log(`TENANTRY_TENANTS_SHARE_DATABASE_SERVER is on: ${sharedServerDanger}`);
  const embedded = [
    ...(databaseUrl === undefined ? ['postgres' as const] : []),
    ...(tenantDatabaseUrl === undefined && !shared ? ['postgres-tenants' as const] : []),
  ];
  const folders = await Promise.all(embedded.map((name) => home.folder(name)));
  if (embedded.length > 0) await makeClusters(folders);
  const runDir = await home.folder('run');
  const urls = await settleAll(
    embedded.map(async (name) => {
      const server = await startPostgres({
        dataDir: join(home.path, name),
        name,
        role: name === 'postgres' ? 'control-plane' : 'tenants',
        port: context.ports[name],
        runDir,
        log,
      });
      context.onStarted(server.stop);
      return [name, server.url] as const;
    }),
  );
  const embeddedUrls = new Map<string, string>(urls);
  const control = databaseUrl ?? embeddedUrls.get('postgres') ?? '';
  const tenants = embeddedUrls.get('postgres-tenants');
  if (tenants !== undefined && (await isMoving(home.path))) await finishMove(home.path, control, tenants);
  if (databaseUrl !== undefined && tenants !== undefined) await refuseToForget(databaseUrl);
  return {
    databaseUrl: control,
    tenantDatabaseUrl: tenantDatabaseUrl ?? tenantDatabaseBeside(tenants ?? control),
    shared,
  };
}

/** A home whose tenants have a server of their own keeps it, whatever the switch says. */
async function sharesServer(env: LocalEnv, home: string): Promise<boolean> {
  return env.tenantsShareServer && !(await hasCluster(join(home, 'postgres-tenants')));
}

/** @throws EnvironmentError when the user's own server has tenants, of whom an embedded one would know nothing */
async function refuseToForget(databaseUrl: string): Promise<void> {
  const name = new URL(tenantDatabaseBeside(databaseUrl)).pathname.slice(1);
  const found = await withClient({ url: databaseUrl }, (client) =>
    client.query('select from pg_database where datname = $1', [decodeURIComponent(name)]),
  );
  if (found.rowCount) {
    throw sharedServerRefused(
      `is not set, and the tenants' database ${name} is on the server of DATABASE_URL`,
    );
  }
}

/** Exists once the copy is made, while each of the two servers still has what is now the other's. */
const movingFile = join('postgres-tenants', 'moving');

function isMoving(home: string): Promise<boolean> {
  return access(join(home, movingFile)).then(
    () => true,
    () => false,
  );
}

/**
 * Gives the tenants of an older installation a server of their own: a copy of the one server, at its address, because tenants
 * know that address. Call it while nothing runs, before ports are chosen. If it is killed, the next call continues.
 */
export async function separateTenants(env: LocalEnv, home: Home, log: (line: string) => void): Promise<void> {
  const { databaseUrl, tenantDatabaseUrl } = env.own;
  if (databaseUrl !== undefined || tenantDatabaseUrl !== undefined || env.tenantsShareServer) return;
  const [from, to] = [join(home.path, 'postgres'), join(home.path, 'postgres-tenants')];
  if (!(await hasCluster(from)) || (await hasCluster(to))) return;
  log("moving the tenants' databases to a server of their own");
  await passPortOn(join(home.path, 'ports.json'));
  await home.folder('postgres-tenants');
  await writeFile(join(home.path, movingFile), '');
  await copyCluster(from, to);
}

/** The tenants' server gets the port of the one server; the control plane's gets another. */
async function passPortOn(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { postgres, ...ports }: Record<string, number> = JSON.parse(text);
  if (postgres === undefined) return;
  await writeFile(`${file}.new`, JSON.stringify({ ...ports, 'postgres-tenants': postgres }, null, 2));
  await rename(`${file}.new`, file);
}

/** Deletes from each server what is now the other's. */
async function finishMove(home: string, control: string, tenants: string): Promise<void> {
  // The control plane's rows are in the database that every server has.
  await withClient({ url: tenants }, async (client) => {
    const { rows } = await client.query<{ statement: string }>(
      `select format('drop schema %I cascade', nspname) as statement from pg_namespace
        where nspname !~ '^pg_' and nspname <> 'information_schema'`,
    );
    for (const { statement } of rows) await client.query(statement);
    await client.query('create schema public');
  });
  await withClient({ url: control }, async (client) => {
    const { rows } = await client.query<{ statement: string }>(
      `select format('drop database if exists %I with (force)', datname) as statement from pg_database
        where datname = $1 or shobj_description(oid, 'pg_database') ~ '^tenantry:'
       union all
       select format('drop owned by %1$I; drop role %1$I', rolname) from pg_roles
        where rolname in ('tenantry_migrator', 'tenantry_sharing') or shobj_description(oid, 'pg_authid') ~ '^tenantry:'`,
      [decodeURIComponent(new URL(tenantDatabaseBeside(control)).pathname.slice(1))],
    );
    for (const { statement } of rows) await client.query(statement);
  });
  await rm(join(home, movingFile));
}
