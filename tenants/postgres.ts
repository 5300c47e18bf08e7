import { CustomResource, type CustomResourceOptions, type Input, type Output } from '@pulumi/pulumi';

/** Resources of the `tenantry` provider: a tenant's place in PostgreSQL. */

interface PlaceArgs {
  readonly tenantId: Input<string>;
  readonly schema: Input<string>;
  readonly role: Input<string>;
  readonly password: Input<string>;
  readonly connectionLimit: Input<number>;
}

/** What both resources return, besides their inputs. */
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

/** A role with a database of its own, on the cell's shared server or on one for this tenant alone. */
export class PostgresDatabase extends CustomResource {
  declare readonly database: Output<string>;
  declare readonly host: Output<string>;
  declare readonly port: Output<number>;
  /** Number of the last migration that the tenant's tables have. */
  declare readonly migrationLevel: Output<number>;

  /** @param args `server` left out means the shared server of the cell */
  constructor(
    name: string,
    args: PlaceArgs & { database: Input<string>; server?: Input<string> },
    options?: CustomResourceOptions,
  ) {
    super('tenantry:postgres:Database', name, { ...outputs, ...args }, { ...defaults, ...options });
  }
}
