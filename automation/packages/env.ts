import { readVariables } from '../environment/index.ts';

/** Packages of services beside this tree: paths of modules, or specifiers. */
export function readServicePackages(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  return readVariables(env, { optional: ['TENANTRY_SERVICES'] }).TENANTRY_SERVICES ?? [];
}
