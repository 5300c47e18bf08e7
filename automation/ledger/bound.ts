import type { Plan, Product } from '../../tenants/catalog/types.ts';

/**
 * How far use can exceed what there is to pay for it.
 *
 * - Held work: 0. Its credits are held before it begins, and a capture never takes more than the hold.
 * - Metered work: only samples show it, so it goes on after the last credit until the next sample has stopped it: for at
 *   most `rate × (interval + reaction)`, plus what it reports only at its end.
 */
export function overshootBound(metering: {
  readonly ratePerSecond: number;
  /** Seconds between two samples. */
  readonly sampleSeconds: number;
  /** Seconds from a sample until the tenant has stopped. */
  readonly reactionSeconds: number;
  /** Use that running work reports only at its end, at most and added up. */
  readonly inFlight: number;
}): number {
  const { ratePerSecond, sampleSeconds, reactionSeconds, inFlight } = metering;
  return Math.ceil(ratePerSecond * (sampleSeconds + reactionSeconds)) + inFlight;
}

/**
 * The most that a tenant of a plan can spend on metered compute, in micro-dollars per hour: its quota at the product's
 * prices. Leaves out storage, which is charged by the month.
 */
export function maxSpendMicrosPerHour(product: Product, plan: Plan): number {
  const price = (ending: string) =>
    product.meters.find(({ id, unitPriceMicros }) => id.endsWith(ending) && unitPriceMicros !== null)
      ?.unitPriceMicros ?? 0;
  const cpus = (plan.quota.cpuMillis ?? 0) * price('_vcpu_hours');
  const memory = (plan.quota.memoryBytes ?? 0) * price('_memory_gb_hours');
  return Math.ceil(cpus / 1000) + Math.ceil(memory / 1e9);
}
