/** Watches over the servers of tenants' databases: what is open there, and what tenants' sessions do. */
export { type DatabaseUse, readDatabaseUse } from './disk-use.ts';
export { prepareSharedDatabase, type TenantServer } from './servers.ts';
export { wardenWork } from './work.ts';
