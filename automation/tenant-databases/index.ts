/** What a tenant's login may do on the servers of tenants' databases. */
export { grantStatements, migratorRole } from './grants.ts';
export { endHolders, loginMarks, loginSettings, type Powers, readPowers } from './login.ts';
export { ownerComment, type RoleMark, readMark, throttledFromSql, writeMark } from './mark.ts';
export { closeDatabase, closeServer, shareDatabase, sharingRole } from './rights.ts';
