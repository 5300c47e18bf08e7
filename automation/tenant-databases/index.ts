/** What a tenant's login may do on the servers of tenants' databases. */
export { loginMarks, loginSettings, type Powers, readPowers } from './login.ts';
export { ownerComment, type RoleMark, readMark, writeMark } from './mark.ts';
export { closeDatabase, closeServer, shareDatabase, sharingRole } from './rights.ts';
