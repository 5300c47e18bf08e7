import { EnvironmentError } from './read.ts';

/** The variables that say where the tenants' databases are. */
interface Databases {
  readonly DATABASE_URL: string;
  readonly TENANT_DATABASE_URL: string | undefined;
  readonly TENANTRY_TENANTS_SHARE_DATABASE_SERVER: boolean;
}

/** What a tenant's login can do on the control plane's server, for whoever would let it. */
export const sharedServerDanger =
  "a tenant's login on the control plane's PostgreSQL server can fill its locks, notifications, memory and disk, and so stop every payment";

/**
 * The URL of the tenants' database: on a server of its own, unless the switch says that it may be the control plane's.
 * @throws EnvironmentError that names the variable and the danger
 */
export function tenantDatabaseOf(variables: Databases): string {
  const { DATABASE_URL, TENANT_DATABASE_URL, TENANTRY_TENANTS_SHARE_DATABASE_SERVER: shares } = variables;
  if (shares) return TENANT_DATABASE_URL ?? tenantDatabaseBeside(DATABASE_URL);
  if (TENANT_DATABASE_URL !== undefined && !isSameServer(TENANT_DATABASE_URL, DATABASE_URL))
    return TENANT_DATABASE_URL;
  throw sharedServerRefused(
    TENANT_DATABASE_URL === undefined ? 'is not set' : 'names the server of DATABASE_URL',
  );
}

export function sharedServerRefused(what: string): EnvironmentError {
  const line = `TENANT_DATABASE_URL ${what}: it must name another PostgreSQL server, as ${sharedServerDanger}. TENANTRY_TENANTS_SHARE_DATABASE_SERVER=on takes that risk.`;
  return new EnvironmentError([{ name: 'TENANT_DATABASE_URL', line }]);
}

/**
 * The tenants' database on the control plane's server. It is another database, because a tenant's role must not be able
 * to connect to the one with our tables.
 */
export function tenantDatabaseBeside(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `${url.pathname.replace(/^\/$/, '/postgres')}_tenants`;
  return url.href;
}

/** As far as their addresses tell; a worker asks the servers, too. */
function isSameServer(one: string, other: string): boolean {
  const addressOf = (text: string) => {
    const { hostname, port } = new URL(text);
    return `${hostname.replace(/^(localhost|\[::1\])$/, '127.0.0.1')}:${port || '5432'}`;
  };
  return addressOf(one) === addressOf(other);
}
