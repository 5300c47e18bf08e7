/** Settings of the model's runs. */
import { readVariables } from '../../automation/environment/index.ts';

/**
 * The seed that decides steps and faults: always the same, so that no change fails for reasons of its own; with
 * `TENANTRY_MODEL_SEED=random` another one, as in the nightly run.
 */
export function modelSeed(env: NodeJS.ProcessEnv = process.env): number {
  const seed = readVariables(env, { defaulted: ['TENANTRY_MODEL_SEED'] }).TENANTRY_MODEL_SEED;
  return seed === 'random' ? Date.now() & 0x7fffffff : seed;
}
