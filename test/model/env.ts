/** Settings of the model's runs. */

/** The seed to run again, from `TENANTRY_MODEL_SEED`; another one each time when it is not set. */
export function modelSeed(env: NodeJS.ProcessEnv = process.env): number {
  const given = env.TENANTRY_MODEL_SEED;
  if (given === undefined || given === '') return Date.now() & 0x7fffffff;
  const seed = Number(given);
  if (!Number.isInteger(seed)) throw new Error(`TENANTRY_MODEL_SEED must be a whole number, not ${given}`);
  return seed;
}
