import { type Plan, platform } from './catalog/index.ts';
import { metadata } from './isolation.ts';
import { dataIsolation, type Tenant } from './tenant.ts';

/** A tenant's place in PostgreSQL: its names, and how the workload reaches it. */

/** The Secret in the tenant's namespace with `url`, `user` and `password` of its database. */
export const databaseSecretName = 'database';

/** The Secret itself. Its values may be outputs, because they are known only once the place exists. */
export function databaseSecret<Text>(
  tenant: Tenant,
  stringData: { readonly url: Text; readonly user: Text; readonly password: Text },
) {
  return {
    apiVersion: 'v1' as const,
    kind: 'Secret' as const,
    metadata: metadata(tenant, databaseSecretName),
    type: 'Opaque',
    stringData,
  };
}

/**
 * Version of the rights that a tenant's login has and lacks. Raise it with every change of these: tenants from before are
 * then found to differ, and are brought up to date one after another.
 */
export const loginRights = 2;

/** Names in SQL, made of the tenant's id alone, so that no text from outside becomes an identifier. */
export interface DatabasePlace {
  readonly kind: 'schema' | 'database';
  /** Null for the cell's shared database. */
  readonly database: string | null;
  /** The tenant's own server, by its name in the cell; absent on the shared one. */
  readonly server?: string;
  readonly schema: string;
  readonly role: string;
  readonly connectionLimit: number;
}

/**
 * Where the tenant's rows live; null where its product keeps none. The roles of a schema and of a database have different
 * names, so that a slot can move from one to the other: the new place is made before the old one goes, and the old one
 * takes its role along.
 */
export function databasePlace(tenant: Tenant): DatabasePlace | null {
  const name = `tenant_${tenant.spec.tenantId}`;
  const connectionLimit = tenant.plan.databaseConnections;
  switch (dataIsolation(tenant)) {
    case 'none':
      return null;
    case 'schema':
      return { kind: 'schema', database: null, schema: name, role: name, connectionLimit };
    case 'database': {
      const { databaseServer: server } = tenant.spec;
      return {
        kind: 'database',
        database: name,
        ...(server !== undefined && { server }),
        schema: 'app',
        role: `${name}_app`,
        connectionLimit,
      };
    }
  }
}

/** The most disk that the database of a tenant of the plan may take. */
export function databaseBytes({
  price,
  dataIsolation: isolation,
}: Pick<Plan, 'price' | 'dataIsolation'>): number {
  const { free, paid, own } = platform.database.tenantBytes;
  if (isolation === 'database') return own;
  return price.kind === 'flat' && price.priceCents === 0 ? free : paid;
}

/** The URL of a tenant's place for its workload. The password must not need escaping in a URL. */
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
