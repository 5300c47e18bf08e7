/**
 * The tenants' database where `TENANT_DATABASE_URL` does not name it. It is another database on the control plane's server,
 * because a tenant's role must not be able to connect to the one with our tables.
 */
export function tenantDatabaseBeside(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `${url.pathname.replace(/^\/$/, '/postgres')}_tenants`;
  return url.href;
}
