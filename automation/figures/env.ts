/** A rebuild of figures repeats work of the workers, so it reads the same variables. */
import { readVariables } from '../environment/index.ts';

export function readFiguresEnv(env: NodeJS.ProcessEnv = process.env): { readonly graceMs: number } {
  return { graceMs: readVariables(env, { defaulted: ['TENANTRY_GRACE_MS'] }).TENANTRY_GRACE_MS };
}
