/** Names that people choose and that become part of other names. */

/** The public name of a tenant, which a customer chooses: a DNS label that leaves room for the product's prefix. */
export const slugPattern = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,38}$/;

/** Names that look like the platform's own in an address. No new tenant gets one. */
export const reservedSlugs: ReadonlySet<string> = new Set([
  'account',
  'accounts',
  'admin',
  'administrator',
  'api',
  'app',
  'assets',
  'auth',
  'billing',
  'blog',
  'cdn',
  'console',
  'dashboard',
  'docs',
  'ftp',
  'gateway',
  'help',
  'internal',
  'login',
  'mail',
  'metrics',
  'oauth',
  'postmaster',
  'root',
  'security',
  'signup',
  'smtp',
  'sso',
  'static',
  'status',
  'support',
  'system',
  'tenantry',
  'webmaster',
  'www',
]);

/** The name of a database server for a single tenant in the platform's configuration. */
export const databaseServerPattern = /^[a-z][a-z0-9-]{0,30}$/;
