import { CustomResource, type CustomResourceOptions, type Input, type Output } from '@pulumi/pulumi';

/** Resources of the `tenantry` provider: tenants' places in PostgreSQL. */

interface PlaceArgs {
  readonly tenantId: Input<string>;
  readonly schema: Input<string>;
  readonly role: Input<string>;
  readonly password: Input<string>;
  readonly connectionLimit: Input<number>;
  /** Version of the login's rights. */
  readonly rights: Input<number>;
}

/** What both resources return beside their inputs. */
const outputs = { host: undefined, port: undefined, migrationLevel: undefined, login: undefined };
/** Options of every such resource: the provider's version, and what must be encrypted in the state. */
const defaults: CustomResourceOptions = { version: '1.0.0', additionalSecretOutputs: ['password'] };

/** A role with its own schema in a database that tenants share. */
export class PostgresSchema extends CustomResource {
  declare readonly database: Output<string>;
  declare readonly host: Output<string>;
  declare readonly port: Output<number>;
  /** Number of the last migration that was applied to the tenant's tables. */
  declare readonly migrationLevel: Output<number>;

  /** @param args.database defaults to the cell's shared database */
  constructor(name: string, args: PlaceArgs & { database?: Input<string> }, options?: CustomResourceOptions) {
    super(
      'tenantry:postgres:Schema',
      name,
      { database: undefined, ...outputs, ...args },
      { ...defaults, ...options },
    );
  }
}

/** A role with its own database, on the cell's shared server or on one for this tenant alone. */
export class PostgresDatabase extends CustomResource {
  declare readonly database: Output<string>;
  declare readonly host: Output<string>;
  declare readonly port: Output<number>;
  /** Number of the last migration that was applied to the tenant's tables. */
  declare readonly migrationLevel: Output<number>;

  /** @param args.server defaults to the cell's shared server */
  constructor(
    name: string,
    args: PlaceArgs & { database: Input<string>; server?: Input<string> },
    options?: CustomResourceOptions,
  ) {
    super('tenantry:postgres:Database', name, { ...outputs, ...args }, { ...defaults, ...options });
  }
}
