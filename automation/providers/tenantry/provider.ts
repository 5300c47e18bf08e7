import { containsUnknown, type PropertyMap, reveal, revealMap, Secret, unknown } from '../properties.ts';
import type {
  CheckFailure,
  DiffResult,
  OperationContext,
  PropertyChange,
  ResourceProvider,
  ResourceState,
  WriteOptions,
} from '../provider.ts';
import { dropPlace, ensurePlace, readPlace } from './place.ts';
import { AdminSession } from './session.ts';
import { checkSpec, type DatabaseKind, type DatabaseSpec, kindOfType, parseSpec } from './spec.ts';

export interface TenantryProviderOptions {
  /** A superuser, or a role that may create roles and databases; its database is the shared one. */
  readonly adminDatabaseUrl: string;
  /** Such URLs of servers for one tenant each, by the server's name. */
  readonly servers?: Readonly<Record<string, string>>;
  readonly beforeWrite: () => void;
}

/** Inputs whose change makes another place; the rest can change in place. */
const identity = ['tenantId', 'server', 'database', 'schema', 'role'] as const;
const changeable = ['password', 'connectionLimit', 'rights'] as const;

const unmade = { migrationLevel: unknown, login: unknown } as const;

/** Tenants' places in PostgreSQL: a schema with its own role in the shared database, or a database of its own. */
export class TenantryProvider implements ResourceProvider {
  readonly name = 'tenantry';
  readonly version = '1.0.0';
  readonly #shared: AdminSession;
  readonly #servers: ReadonlyMap<string, AdminSession>;

  constructor({ adminDatabaseUrl, servers = {}, beforeWrite }: TenantryProviderOptions) {
    this.#shared = new AdminSession(adminDatabaseUrl, beforeWrite);
    this.#servers = new Map(
      Object.entries(servers).map(([name, url]) => [name, new AdminSession(url, beforeWrite)]),
    );
  }

  async check(context: OperationContext, { inputs }: { inputs: PropertyMap }) {
    const kind = kindOfType[context.type];
    const failures: readonly CheckFailure[] = kind
      ? checkSpec(kind, inputs)
      : [{ property: '', reason: `${context.type} is not a resource of the tenantry provider` }];
    const password = inputs.password;
    return {
      inputs: { ...inputs, ...(password !== undefined && { password: new Secret(password) }) },
      failures,
    };
  }

  async diff(
    _context: OperationContext,
    { old, inputs }: { old: PropertyMap; inputs: PropertyMap },
  ): Promise<DiffResult> {
    const [before, after] = [revealMap(old), revealMap(inputs)];
    const changes: PropertyChange[] = [];
    for (const path of [...identity, ...changeable]) {
      // A schema without a database is in the shared one, which the state names.
      if (path === 'database' && after.database === undefined) continue;
      if (before[path] === after[path]) continue;
      changes.push({ path, kind: 'update', replace: (identity as readonly string[]).includes(path) });
    }
    if (before.drift !== undefined) changes.push({ path: 'drift', kind: 'delete', replace: false });
    return { changes, deleteBeforeReplace: changes.some(({ replace }) => replace) };
  }

  async create(
    context: OperationContext,
    inputs: PropertyMap,
    options: WriteOptions,
  ): Promise<ResourceState> {
    const kind = kindOf(context);
    if (options.preview || containsUnknown(inputs))
      return { id: '', properties: this.#outputs(inputs, unmade) };
    const spec = parseSpec(inputs);
    const made = await ensurePlace(this.#sessionOf(spec.server), kind, spec);
    return { id: this.#id(kind, spec), properties: this.#outputs(inputs, made) };
  }

  async read(
    context: OperationContext,
    { id, properties, inputs }: { id: string; properties: PropertyMap; inputs: PropertyMap },
  ): Promise<ResourceState | null> {
    const owner = placeOf(properties);
    if (!owner) throw new Error(`${id} cannot be imported: its password is known to nobody but the tenant`);
    const facts = await readPlace(this.#sessionOf(owner.server), kindOf(context), owner);
    if (!facts) return null;
    const limit = facts.connectionLimit === null ? {} : { connectionLimit: facts.connectionLimit };
    const { drift: _, ...kept } = properties;
    return {
      id,
      properties: {
        ...kept,
        ...limit,
        migrationLevel: facts.migrationLevel,
        login: facts.login,
        ...(facts.drift.length > 0 && { drift: facts.drift }),
      },
      inputs: { ...inputs, ...limit },
    };
  }

  async update(
    context: OperationContext,
    { inputs }: { inputs: PropertyMap },
    options: WriteOptions,
  ): Promise<PropertyMap> {
    if (options.preview) return this.#outputs(inputs, unmade);
    const spec = parseSpec(inputs);
    const made = await ensurePlace(this.#sessionOf(spec.server), kindOf(context), spec);
    return this.#outputs(inputs, made);
  }

  async delete(
    context: OperationContext,
    { id, properties }: { id: string; properties: PropertyMap },
  ): Promise<void> {
    const owner = placeOf(properties);
    if (!owner) throw new Error(`${id} cannot be deleted: its state lacks the names of what to delete`);
    await dropPlace(this.#sessionOf(owner.server), kindOf(context), owner);
  }

  async close(): Promise<void> {
    await Promise.all([this.#shared, ...this.#servers.values()].map((session) => session.close()));
  }

  /** @throws Error when this provider does not reach the server */
  #sessionOf(server: string | undefined): AdminSession {
    if (server === undefined) return this.#shared;
    const session = this.#servers.get(server);
    if (!session) throw new Error(`There is no database server ${server} in this cell`);
    return session;
  }

  #id(kind: DatabaseKind, spec: DatabaseSpec): string {
    const database = spec.database ?? this.#shared.database;
    return kind === 'database' ? database : `${database}/${spec.schema}`;
  }

  #outputs(inputs: PropertyMap, made: PropertyMap): PropertyMap {
    const server = reveal(inputs.server ?? null);
    const session = this.#sessionOf(typeof server === 'string' ? server : undefined);
    return {
      ...inputs,
      password: new Secret(inputs.password ?? null),
      database: inputs.database ?? session.database,
      host: session.host,
      port: session.port,
      ...made,
    };
  }
}

function kindOf(context: OperationContext): DatabaseKind {
  const kind = kindOfType[context.type];
  if (!kind) throw new Error(`${context.type} is not a resource of the tenantry provider`);
  return kind;
}

function placeOf(properties: PropertyMap) {
  const text = (key: string): string | undefined => {
    const value = reveal(properties[key] ?? null);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [tenantId, schema, role] = [text('tenantId'), text('schema'), text('role')];
  const place = { database: text('database'), server: text('server'), password: text('password') };
  return tenantId && schema && role ? { tenantId, schema, role, ...place } : null;
}
