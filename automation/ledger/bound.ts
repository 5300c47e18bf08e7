import type { Plan, Product } from '../../tenants/catalog/types.ts';

/**
 * How far use may exceed what there is to pay for it.
 *
 * - Held work: 0. Its credits are set aside before it begins, and a capture never takes more than the hold.
 * - Metered work: only samples show it, so between the sample that would have stopped it and the stop it continues:
 *   at most `rate × (interval + reaction)`, plus what was used but not yet sampled when it stopped.
 */
export function overshootBound(metering: {
  /** The most that the tenant can use in a second. */
  readonly ratePerSecond: number;
  /** Seconds between two samples. */
  readonly sampleSeconds: number;
  /** Seconds from a sample until the tenant has stopped. */
  readonly reactionSeconds: number;
  /** Use that is reported all at once at its end: the largest of each running work, added up. */
  readonly inFlight: number;
}): number {
  const { ratePerSecond, sampleSeconds, reactionSeconds, inFlight } = metering;
  return Math.ceil(ratePerSecond * (sampleSeconds + reactionSeconds)) + inFlight;
}

/**
 * The most that a tenant of a plan can spend on metered compute, in micro-dollars per hour: its quota at the
 * product's prices. Omits storage, which is charged by the month.
 */
export function maxSpendMicrosPerHour(product: Product, plan: Plan): number {
  const price = (ending: string) =>
    product.meters.find(({ id, unitPriceMicros }) => id.endsWith(ending) && unitPriceMicros !== null)
      ?.unitPriceMicros ?? 0;
  const cpus = (plan.quota.cpuMillis ?? 0) * price('_vcpu_hours');
  const memory = (plan.quota.memoryBytes ?? 0) * price('_memory_gb_hours');
  return Math.ceil(cpus / 1000) + Math.ceil(memory / 1e9);
}
