/** What a rebuild of figures takes from the environment: the variables of the workers whose work it repeats. */
import { readVariables } from '../environment/index.ts';

export function readFiguresEnv(env: NodeJS.ProcessEnv = process.env): { readonly graceMs: number } {
  return { graceMs: readVariables(env, { defaulted: ['TENANTRY_GRACE_MS'] }).TENANTRY_GRACE_MS };
}
