import type { Plan, Product } from '../../tenants/catalog/types.ts';

/**
 * How far use may go beyond what there is to pay for it.
 *
 * - Held work: 0. Its credits are set aside before it begins, and a capture never takes more than the hold.
 * - Metered work: it is seen at samples only, so between the sample that would have stopped it and the stop it goes on:
 *   at most `rate × (interval + reaction)`, and whatever was used already but not yet sampled when it was stopped.
 */
export function overshootBound(metering: {
  /** The most that the tenant can use in a second. */
  readonly ratePerSecond: number;
  /** Seconds between two samples. */
  readonly sampleSeconds: number;
  /** Seconds from a sample until the tenant has stopped. */
  readonly reactionSeconds: number;
  /** Use that is told all at once when it ends: the largest of each work that runs, added up. */
  readonly inFlight: number;
}): number {
  const { ratePerSecond, sampleSeconds, reactionSeconds, inFlight } = metering;
  return Math.ceil(ratePerSecond * (sampleSeconds + reactionSeconds)) + inFlight;
}

/**
 * The most that a tenant of a plan can spend on metered compute, in micro-dollars per hour: its quota at the product's
 * prices. Storage is left out: it is charged by the month.
 */
export function maxSpendMicrosPerHour(product: Product, plan: Plan): number {
  const price = (ending: string) =>
    product.meters.find(({ id, unitPriceMicros }) => id.endsWith(ending) && unitPriceMicros !== null)
      ?.unitPriceMicros ?? 0;
  const cpus = (plan.quota.cpuMillis ?? 0) * price('_vcpu_hours');
  const memory = (plan.quota.memoryBytes ?? 0) * price('_memory_gb_hours');
  return Math.ceil(cpus / 1000) + Math.ceil(memory / 1e9);
}
