/** Watches over the servers of tenants' databases: what is open there, and what tenants' sessions do. */
export { prepareSharedDatabase, type TenantServer } from './servers.ts';
export { wardenWork } from './work.ts';
