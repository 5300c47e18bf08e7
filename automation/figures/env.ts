/** What a rebuild of figures takes from the environment: the variables of the workers whose work it repeats. */
import { z } from 'zod';
import { parseVariables } from '../env.ts';
import { defaultPolicy } from '../policy.ts';

const variables = z.object({
  TENANTRY_GRACE_MS: z.coerce.number().int().min(0).default(defaultPolicy.graceMs),
});

export function readFiguresEnv(env: NodeJS.ProcessEnv = process.env): { readonly graceMs: number } {
  return { graceMs: parseVariables(variables, env).TENANTRY_GRACE_MS };
}
