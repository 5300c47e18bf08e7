import { readVariables } from '../environment/index.ts';

/** Paths or specifiers of the packages that bring services from outside this tree. */
export function readServicePackages(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  return readVariables(env, { optional: ['TENANTRY_SERVICES'] }).TENANTRY_SERVICES ?? [];
}
