/** Settings of the model's runs. */
import { readVariables } from '../../automation/environment/index.ts';

/**
 * The seed that decides steps and faults: the same one each time, so that a change is not held up by what it has
 * nothing to do with; with `TENANTRY_MODEL_SEED=random` another one, as in the nightly run.
 */
export function modelSeed(env: NodeJS.ProcessEnv = process.env): number {
  const seed = readVariables(env, { defaulted: ['TENANTRY_MODEL_SEED'] }).TENANTRY_MODEL_SEED;
  return seed === 'random' ? Date.now() & 0x7fffffff : seed;
}
