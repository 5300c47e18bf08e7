import { CustomResource, type CustomResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { dataIsolation, type Tenant } from './tenant.ts';

/** A tenant's place in PostgreSQL: what the `tenantry` provider makes, and how the workload reaches it. */

/** The Secret in the tenant's namespace with `url`, `user` and `password` of its database. */
export const databaseSecretName = 'database';

/** Names in SQL. They are made of the tenant's id alone, so that no text from outside becomes an identifier. */
export interface DatabasePlace {
  readonly kind: 'schema' | 'database';
  /** Null is the shared database of the cell. */
  readonly database: string | null;
  readonly schema: string;
  readonly role: string;
  readonly connectionLimit: number;
}

/**
 * Where the tenant's rows live, or null where its product keeps none.
 * A schema and a database have roles of different names, so that a slot can move from one to the other: the new
 * place is made before the old one goes, and the old one takes its role along.
 */
export function databasePlace(tenant: Tenant): DatabasePlace | null {
  const name = `tenant_${tenant.spec.tenantId}`;
  const connectionLimit = tenant.plan.databaseConnections;
  switch (dataIsolation(tenant)) {
    case 'none':
      return null;
    case 'schema':
      return { kind: 'schema', database: null, schema: name, role: name, connectionLimit };
    case 'database':
      return { kind: 'database', database: name, schema: 'app', role: `${name}_app`, connectionLimit };
  }
}

interface PlaceArgs {
  readonly tenantId: Input<string>;
  readonly schema: Input<string>;
  readonly role: Input<string>;
  readonly password: Input<string>;
  readonly connectionLimit: Input<number>;
}

/** What both resources hand back, besides what they were given. */
const outputs = { host: undefined, port: undefined, migrationLevel: undefined };
/** Registered with every such resource: the provider's version, and what must stay encrypted in the state. */
const defaults: CustomResourceOptions = { version: '1.0.0', additionalSecretOutputs: ['password'] };

/** A role with a schema of its own in a database that tenants share. */
export class PostgresSchema extends CustomResource {
  declare readonly database: Output<string>;
  declare readonly host: Output<string>;
  declare readonly port: Output<number>;
  /** Number of the last migration that the tenant's tables have. */
  declare readonly migrationLevel: Output<number>;

  /** @param args `database` left out means the shared database of the cell */
  constructor(name: string, args: PlaceArgs & { database?: Input<string> }, options?: CustomResourceOptions) {
    super(
      'tenantry:postgres:Schema',
      name,
      { database: undefined, ...outputs, ...args },
      { ...defaults, ...options },
    );
  }
}

/** A role with a database of its own. */
export class PostgresDatabase extends CustomResource {
  declare readonly database: Output<string>;
  declare readonly host: Output<string>;
  declare readonly port: Output<number>;
  /** Number of the last migration that the tenant's tables have. */
  declare readonly migrationLevel: Output<number>;

  constructor(name: string, args: PlaceArgs & { database: Input<string> }, options?: CustomResourceOptions) {
    super('tenantry:postgres:Database', name, { ...outputs, ...args }, { ...defaults, ...options });
  }
}

/** Address of a tenant's place for its workload. The password has no character that a URL would need to escape. */
export function databaseUrl(place: {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly schema: string;
  readonly role: string;
  readonly password: string;
}): string {
  const { host, port, database, schema, role, password } = place;
  const url = new URL(`postgresql://${role}:${password}@${host}:${port}/${database}`);
  url.searchParams.set('options', `-csearch_path=${schema}`);
  return url.href;
}
