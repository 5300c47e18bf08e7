/** Settings of the model's runs. */

/** The same steps each time, so that a change is not held up by what it has nothing to do with. */
const usualSeed = 20_261_121;

/**
 * The seed that decides steps and faults: `TENANTRY_MODEL_SEED`, which is a whole number, or `random` for another one
 * each time, as in the nightly run.
 */
export function modelSeed(env: NodeJS.ProcessEnv = process.env): number {
  const given = env.TENANTRY_MODEL_SEED;
  if (given === undefined || given === '') return usualSeed;
  if (given === 'random') return Date.now() & 0x7fffffff;
  const seed = Number(given);
  if (!Number.isInteger(seed))
    throw new Error(`TENANTRY_MODEL_SEED must be a whole number or random, not ${given}`);
  return seed;
}
