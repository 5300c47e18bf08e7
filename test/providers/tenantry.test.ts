import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reveal, Secret } from '../../automation/providers/properties.ts';
import type { ResourceState } from '../../automation/providers/provider.ts';
import { TenantryProvider } from '../../automation/providers/tenantry/provider.ts';
import { loginRights } from '../../tenants/data.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { context, write } from './kube.ts';

const schemaType = 'tenantry:postgres:Schema';
const databaseType = 'tenantry:postgres:Database';

let database: FreshDatabase;
let admin: pg.Client;
let provider: TenantryProvider;
/** Counts writes; a test sets where the process is to lose its right to write. */
let writes = 0;
let allowedWrites = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  database = await freshDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  provider = new TenantryProvider({
    adminDatabaseUrl: database.url,
    beforeWrite: () => {
      if (++writes > allowedWrites) throw new Error('crashed here');
    },
  });
});
afterAll(async () => {
  await provider.close();
  await admin.end();
  await database.drop();
});

const made: { type: string; state: ResourceState }[] = [];
beforeEach(() => {
  writes = 0;
  allowedWrites = Number.POSITIVE_INFINITY;
});
afterEach(async () => {
  allowedWrites = Number.POSITIVE_INFINITY;
  for (const { type, state } of made.splice(0)) await provider.delete(context(type), state);
});

let serial = 0;
const newTenantId = () =>
  `t${Date.now().toString(36).slice(-5)}${(serial++ % 100).toString().padStart(2, '0')}`;

function schemaInputs(
  tenantId = newTenantId(),
  change: { password?: string; connectionLimit?: number } = {},
) {
  return {
    tenantId,
    schema: `tenant_${tenantId}`,
    role: `tenant_${tenantId}`,
    password: new Secret(change.password ?? 'correct-horse-battery'),
    connectionLimit: change.connectionLimit ?? 5,
  };
}
type Inputs = ReturnType<typeof schemaInputs> & { database?: string };

function databaseInputs(tenantId = newTenantId()) {
  return { ...schemaInputs(tenantId), database: `tenant_${tenantId}`, schema: 'app' };
}

async function make(type: string, inputs: Inputs): Promise<ResourceState> {
  const state = await provider.create(context(type), inputs, write);
  made.push({ type, state });
  return state;
}

async function connect(
  inputs: Inputs,
  to: { password?: string; database?: string } = {},
): Promise<pg.Client> {
  const url = new URL(database.url);
  url.username = inputs.role;
  url.password = to.password ?? String(reveal(inputs.password));
  url.pathname = `/${to.database ?? inputs.database ?? database.name}`;
  const client = new pg.Client({ connectionString: url.href });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function as<T>(inputs: Inputs, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(inputs);
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

/** Creates a table as a migration does: as the schema's owner. */
async function migrate(schema: string, table: string, rows: readonly string[] = []): Promise<void> {
  await admin.query(
    `set role tenantry_migrator; create table ${schema}.${table} (id serial primary key, text text); reset role`,
  );
  for (const row of rows) await admin.query(`insert into ${schema}.${table} (text) values ($1)`, [row]);
}

async function leftovers(inputs: Inputs): Promise<unknown[]> {
  const { rows } = await admin.query(
    `select 'role' as what from pg_roles where rolname = $1
     union all select 'schema' from pg_namespace where nspname = $2
     union all select 'database' from pg_database where datname = $3`,
    [inputs.role, inputs.database ? '' : inputs.schema, inputs.database ?? ''],
  );
  return rows;
}

describe('a schema in the shared database', () => {
  test('gives the tenant a place where it can work on rows, and nothing more', async () => {
    const inputs = schemaInputs();
    const state = await make(schemaType, inputs);
    expect(state.id).toBe(`${database.name}/${inputs.schema}`);
    expect(state.properties).toMatchObject({ database: database.name, migrationLevel: 0, host: '127.0.0.1' });
    await migrate(inputs.schema, 'notes');
    await as(inputs, async (client) => {
      await client.query("insert into notes (text) values ('mine')");
      await client.query("update notes set text = 'still mine'");
      expect((await client.query('select text from notes')).rows).toEqual([{ text: 'still mine' }]);
      await client.query('delete from notes');
      for (const forbidden of [
        'drop table notes',
        'alter table notes add column x int',
        'create table own (id int)',
        'create table public.own (id int)',
        'create schema own',
        'set role tenantry_migrator',
        'create role own',
        'create database own',
        `alter role ${inputs.role} superuser`,
      ]) {
        await expect(client.query(forbidden), forbidden).rejects.toThrow(
          /permission denied|must be owner|not allow/,
        );
      }
      const { rows } = await client.query('show statement_timeout');
      expect(rows).toEqual([{ statement_timeout: '30s' }]);
    });
    const { rows } = await admin.query(
      `select rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolinherit, rolconnlimit,
              left(rolpassword, 14) as method from pg_authid where rolname = $1`,
      [inputs.role],
    );
    expect(rows).toEqual([
      {
        rolcanlogin: true,
        rolsuper: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolbypassrls: false,
        rolinherit: false,
        rolconnlimit: 5,
        method: 'SCRAM-SHA-256$',
      },
    ]);
  });

  test('is out of reach of every other tenant', async () => {
    const [one, other] = [schemaInputs(), schemaInputs()];
    await make(schemaType, one);
    await make(schemaType, other);
    await migrate(one.schema, 'secrets', ['of one']);
    await as(other, async (client) => {
      for (const forbidden of [
        `select * from ${one.schema}.secrets`,
        `insert into ${one.schema}.secrets (text) values ('x')`,
        `create table ${one.schema}.mine (id int)`,
        `set role ${one.role}`,
      ]) {
        await expect(client.query(forbidden), forbidden).rejects.toThrow('permission denied');
      }
    });
  });

  test('is corrected where it drifted', async () => {
    const inputs = schemaInputs();
    const { id, properties } = await make(schemaType, inputs);
    const clean = await provider.read(context(schemaType), { id, properties, inputs });
    expect(clean?.properties).toEqual(properties);

    await admin.query(`alter role ${inputs.role} connection limit 99 createdb nologin`);
    await admin.query(`revoke all on schema ${inputs.schema} from ${inputs.role}`);
    const read = await provider.read(context(schemaType), { id, properties, inputs });
    expect(read?.inputs?.connectionLimit).toBe(99);
    expect(read?.properties.drift).toEqual([
      'the role cannot log in',
      'the role has rights that a tenant must not have',
      'grant on the schema is missing',
    ]);
    const old = read?.properties ?? {};
    const diff = await provider.diff(context(schemaType), { old, inputs });
    expect(diff.changes.map(({ path, replace }) => [path, replace])).toEqual([
      ['connectionLimit', false],
      ['drift', false],
    ]);
    expect(await provider.update(context(schemaType), { inputs }, write)).toEqual(properties);
    expect((await provider.read(context(schemaType), { id, properties, inputs }))?.properties).toEqual(
      properties,
    );
    await as(inputs, (client) => client.query('select 1'));
  });

  test('is made whole again when its role is gone, and is missing when all of it is', async () => {
    const inputs = schemaInputs();
    const { id, properties } = await make(schemaType, inputs);
    await admin.query(`drop owned by ${inputs.role}; drop role ${inputs.role}`);
    const read = await provider.read(context(schemaType), { id, properties, inputs });
    expect(read?.properties.drift).toEqual(['the role is missing']);
    await provider.update(context(schemaType), { inputs }, write);
    await as(inputs, (client) => client.query('select 1'));
    await provider.delete(context(schemaType), { id, properties });
    expect(await provider.read(context(schemaType), { id, properties, inputs })).toBeNull();
  });

  test.each([
    ['schema', schemaType, schemaInputs],
    ['database', databaseType, databaseInputs],
  ])('of its own may not make temporary tables: a right to is drift (%s)', async (_kind, type, given) => {
    const inputs: Inputs = given();
    const { id, properties } = await make(type, inputs);
    await admin.query(`grant temporary on database ${String(properties.database)} to ${inputs.role}`);
    const read = await provider.read(context(type), { id, properties, inputs });
    expect(read?.properties.drift).toEqual(['the role may make temporary tables']);
    await provider.update(context(type), { inputs }, write);
    expect((await provider.read(context(type), { id, properties, inputs }))?.properties).toEqual(properties);
  });

  test('from an earlier version of a login’s rights counts as changed, and is updated in place', async () => {
    const inputs = schemaInputs();
    const { properties } = await make(schemaType, inputs);
    const next = { ...inputs, rights: loginRights };
    const { changes } = await provider.diff(context(schemaType), { old: properties, inputs: next });
    expect(changes).toEqual([{ path: 'rights', kind: 'update', replace: false }]);
    // What the sweep compares, without an engine.
    expect(properties.login).toContain(`rights=${loginRights}`);
  });

  test('takes a new password and a new connection limit', async () => {
    const inputs = schemaInputs();
    const { properties } = await make(schemaType, inputs);
    const next = schemaInputs(inputs.tenantId, { password: 'another-password-now', connectionLimit: 1 });
    const diff = await provider.diff(context(schemaType), { old: properties, inputs: next });
    expect(diff.changes.map(({ path }) => path)).toEqual(['password', 'connectionLimit']);
    await provider.update(context(schemaType), { inputs: next }, write);
    await expect(connect(inputs)).rejects.toThrow('password authentication failed');
    const client = await connect(next);
    await expect(connect(next)).rejects.toThrow('too many connections');
    await client.end();
  });

  test('is taken away with its sessions and rows', async () => {
    const inputs = schemaInputs();
    const state = await make(schemaType, inputs);
    await migrate(inputs.schema, 'notes', ['x']);
    const client = await connect(inputs);
    await client.query('begin; select * from notes');
    await provider.delete(context(schemaType), state);
    expect(await leftovers(inputs)).toEqual([]);
    await expect(client.query('select 1')).rejects.toThrow();
  });

  test('reports the level of its tables', async () => {
    const inputs = schemaInputs();
    const { id, properties } = await make(schemaType, inputs);
    await admin.query(`comment on schema ${inputs.schema} is 'tenantry:${inputs.tenantId} level=7'`);
    const read = await provider.read(context(schemaType), { id, properties, inputs });
    expect(read?.properties.migrationLevel).toBe(7);
    expect((await provider.update(context(schemaType), { inputs }, write)).migrationLevel).toBe(7);
  });
});

describe('a database on a server of its own', () => {
  test('is made, read, corrected and dropped there, and nowhere else', async () => {
    const nobodyThere = 'postgres://nobody@127.0.0.1:1/shared';
    const own = new TenantryProvider({
      adminDatabaseUrl: nobodyThere,
      servers: { acme: database.url, globex: nobodyThere },
      beforeWrite: () => {},
    });
    try {
      const inputs = { ...databaseInputs(), server: 'acme' };
      const state = await own.create(context(databaseType), inputs, write);
      expect(state.properties).toMatchObject({ server: 'acme', port: Number(new URL(database.url).port) });
      await as(inputs, (client) => client.query('select 1'));
      expect(await own.read(context(databaseType), { ...state, inputs })).toMatchObject({ id: state.id });
      await own.update(context(databaseType), { inputs: { ...inputs, connectionLimit: 7 } }, write);
      await own.delete(context(databaseType), state);
      expect(await own.read(context(databaseType), { ...state, inputs })).toBeNull();
    } finally {
      await own.close();
    }
  });

  test('moves to another server only as another database, and never to one that the cell does not have', async () => {
    const inputs = { ...databaseInputs(), server: 'acme' };
    expect(
      await provider.diff(context(databaseType), { old: databaseInputs(inputs.tenantId), inputs }),
    ).toMatchObject({ changes: [{ path: 'server', replace: true }] });
    await expect(provider.create(context(databaseType), inputs, write)).rejects.toThrow(
      'There is no database server acme in this cell',
    );
    expect(
      (await provider.check(context(schemaType), { inputs: { ...schemaInputs(), server: 'acme' } })).failures,
    ).toMatchObject([{ property: 'server' }]);
  });
});

describe('a database of its own', () => {
  test('is open to its tenant alone', async () => {
    const [inputs, stranger] = [databaseInputs(), schemaInputs()];
    const state = await make(databaseType, inputs);
    await make(schemaType, stranger);
    expect(state.id).toBe(inputs.database);
    await as(inputs, async (client) => {
      expect((await client.query('show search_path')).rows).toEqual([{ search_path: 'app' }]);
      await expect(client.query('create table app.own (id int)')).rejects.toThrow('permission denied');
    });
    await expect(connect(stranger, { database: inputs.database })).rejects.toThrow(
      'permission denied for database',
    );
  });

  test('is corrected where it drifted', async () => {
    const inputs = databaseInputs();
    const { id, properties } = await make(databaseType, inputs);
    await admin.query(`grant connect on database ${inputs.database} to public`);
    const read = await provider.read(context(databaseType), { id, properties, inputs });
    expect(read?.properties.drift).toEqual(['everyone may connect to the database']);
    await provider.update(context(databaseType), { inputs }, write);
    expect((await provider.read(context(databaseType), { id, properties, inputs }))?.properties).toEqual(
      properties,
    );
  });

  test('is dropped while sessions are open', async () => {
    const inputs = databaseInputs();
    const state = await make(databaseType, inputs);
    await connect(inputs);
    await provider.delete(context(databaseType), state);
    expect(await leftovers(inputs)).toEqual([]);
  });
});

describe.each([
  [schemaType, schemaInputs],
  [databaseType, databaseInputs],
])('a crash while %s is', (type, inputsOf) => {
  test('made, at any point: the next attempt ends the same', async () => {
    const reference = inputsOf();
    const expected = await make(type, reference);
    const total = writes;
    expect(total).toBeGreaterThan(1);
    for (let point = 0; point < total; point++) {
      const inputs = inputsOf();
      writes = 0;
      allowedWrites = point;
      await expect(provider.create(context(type), inputs, write)).rejects.toThrow('crashed here');
      allowedWrites = Number.POSITIVE_INFINITY;
      const state = await make(type, inputs);
      const rename = (value: unknown) =>
        JSON.stringify(value).replaceAll(inputs.tenantId, reference.tenantId);
      expect(rename(state)).toBe(rename(expected));
      await as(inputs, (client) => client.query('select 1'));
    }
  });

  test('taken away, at any point: the next attempt leaves nothing', async () => {
    for (let point = 0; point < 20; point++) {
      const inputs = inputsOf();
      const state = await provider.create(context(type), inputs, write);
      writes = 0;
      allowedWrites = point;
      const ended = await provider.delete(context(type), state).then(
        () => true,
        () => false,
      );
      allowedWrites = Number.POSITIVE_INFINITY;
      await provider.delete(context(type), state);
      expect(await leftovers(inputs)).toEqual([]);
      if (ended) return;
    }
    throw new Error('the deletion never ended');
  });
});

describe('what is not the tenant’s', () => {
  test('a role of that name is not taken over, changed or dropped', async () => {
    const inputs = schemaInputs();
    await admin.query(`create role ${inputs.role} login`);
    const create = provider.create(context(schemaType), inputs, write);
    await expect(create).rejects.toThrow(
      /role tenant_\w+ already exists and is not tenant \w+'s: it carries no mark/,
    );
    await admin.query(`comment on role ${inputs.role} is 'tenantry:another1'`);
    const remove = provider.delete(context(schemaType), { id: 'x', properties: inputs });
    await expect(remove).rejects.toThrow(/it is marked "tenantry:another1"/);
    await admin.query(`drop role ${inputs.role}`);
  });

  test('a schema of that name leaves no role behind', async () => {
    const inputs = schemaInputs();
    await admin.query(`create schema ${inputs.schema}`);
    await expect(provider.create(context(schemaType), inputs, write)).rejects.toThrow(
      /schema .* already exists/,
    );
    expect(await leftovers(inputs)).toEqual([{ what: 'schema' }]);
    await admin.query(`drop schema ${inputs.schema}`);
  });

  test.each([
    ['tenantId', '../etc'],
    ['schema', 'tenant"; drop schema public cascade; --'],
    ['schema', 'public'],
    ['schema', 'pg_catalog'],
    ['schema', 'ü'],
    ['role', 'x'.repeat(64)],
    ['role', 'postgres'],
    ['password', 'short'],
    ['connectionLimit', 0],
    ['connectionLimit', 1.5],
  ])('%s %j is refused before anything is done', async (property, value) => {
    const inputs = { ...schemaInputs(), [property]: value };
    const { failures } = await provider.check(context(schemaType), { inputs });
    expect(failures.map((failure) => failure.property)).toEqual([property]);
    expect(JSON.stringify(failures)).not.toContain('battery');
    await expect(provider.create(context(schemaType), inputs, write)).rejects.toThrow(property);
    expect(writes).toBe(0);
  });
});

test('many tenants at once do not get in each other’s way', async () => {
  const all = Array.from({ length: 8 }, () => schemaInputs());
  await Promise.all(all.map((inputs) => make(schemaType, inputs)));
  await Promise.all(made.splice(0).map(({ type, state }) => provider.delete(context(type), state)));
  for (const inputs of all) expect(await leftovers(inputs)).toEqual([]);
});
