/**
 * The tenants' database where `TENANT_DATABASE_URL` does not name it: beside the control plane's, never in it, as a
 * tenant's role that can connect must not meet our tables.
 */
export function tenantDatabaseBeside(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `${url.pathname.replace(/^\/$/, '/postgres')}_tenants`;
  return url.href;
}
