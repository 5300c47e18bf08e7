import { metadata } from './isolation.ts';
import { dataIsolation, type Tenant } from './tenant.ts';

/** A tenant's place in PostgreSQL: its names, and how the workload reaches it. */

/** The Secret in the tenant's namespace with `url`, `user` and `password` of its database. */
export const databaseSecretName = 'database';

/** The Secret itself. What it says is known only once the place is there, so that it may come as an output. */
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

/** Names in SQL. They are made of the tenant's id alone, so that no text from outside becomes an identifier. */
export interface DatabasePlace {
  readonly kind: 'schema' | 'database';
  /** Null is the shared database of the cell. */
  readonly database: string | null;
  /** Server of the tenant's own, by its name in the cell; absent on the cell's shared one. */
  readonly server?: string;
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
