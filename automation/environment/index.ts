/** The variables of the environment: one table, from which every process picks what it reads. */
export { configurationDocument } from './document.ts';
export { warnOfUnknownVariables } from './env.ts';
export { defaultOf, type Environment, EnvironmentError, readVariables } from './read.ts';
export { type Name, ownSections, sections, table, type Value } from './table.ts';
export {
  sharedServerDanger,
  sharedServerRefused,
  tenantDatabaseBeside,
  tenantDatabaseOf,
} from './tenant-database.ts';
export { unknownVariables } from './unknown.ts';
export { type Reader, readers, type Variable } from './variable.ts';
