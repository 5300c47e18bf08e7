import { defaultOf } from './environment/index.ts';

/** Every time limit and retry rule of the jobs, side by side. All durations in milliseconds. */
export interface Policy {
  /** How long a tenant keeps running while a payment is overdue. */
  readonly graceMs: number;
  /** How long the data of a cancelled tenant is kept before it is deleted. */
  readonly retentionMs: number;
  /** How often the sweep looks for work that nothing has announced. */
  readonly sweepIntervalMs: number;
  /** How long a lease lasts without renewal; a crashed worker's tenants wait this long. */
  readonly leaseTtlMs: number;
  /** An engine operation that takes longer is killed. */
  readonly operationTimeoutMs: number;
  /** The same for a destroy. */
  readonly destroyTimeoutMs: number;
  /** How long a tenant's own finalizers may hold up the end of its namespace. */
  readonly finalizerPatienceMs: number;
  /** First waiting time after a failure; doubles up to `retryMaxMs`. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /**
   * How often a worker asks Stripe for an object of one kind. Stripe allows an account 25 such requests per second unless
   * agreed otherwise (https://docs.stripe.com/rate-limits), which several workers must share
   * (`TENANTRY_STRIPE_FETCHES_PER_SECOND`). All marks of a subscription that waits for its turn share one request.
   */
  readonly fetchesPerSecond: number;
  /** How long a handled event of Stripe is kept; Stripe itself keeps events for 30 days. */
  readonly eventRetentionMs: number;
  /** How many tenants each sweep compares with what was applied. */
  readonly driftChecksPerSweep: number;
  /** How many initialised stacks are kept ready. */
  readonly reservedStacks: number;
  /** How many warm slots are kept ready for each product that can have them. */
  readonly slotsPerProduct: number;
  /** How long a failed slot stays before it is deleted, and before a failed deletion is requested again. */
  readonly failedSlotMs: number;
}

export const defaultPolicy: Policy = {
  graceMs: defaultOf('TENANTRY_GRACE_MS'),
  retentionMs: defaultOf('TENANTRY_RETENTION_MS'),
  sweepIntervalMs: defaultOf('TENANTRY_SWEEP_INTERVAL_MS'),
  leaseTtlMs: defaultOf('TENANTRY_LEASE_TTL_MS'),
  operationTimeoutMs: defaultOf('TENANTRY_OPERATION_TIMEOUT_MS'),
  destroyTimeoutMs: defaultOf('TENANTRY_DESTROY_TIMEOUT_MS'),
  finalizerPatienceMs: defaultOf('TENANTRY_FINALIZER_PATIENCE_MS'),
  retryBaseMs: defaultOf('TENANTRY_RETRY_BASE_MS'),
  retryMaxMs: 300_000,
  fetchesPerSecond: defaultOf('TENANTRY_STRIPE_FETCHES_PER_SECOND'),
  eventRetentionMs: defaultOf('TENANTRY_EVENT_RETENTION_MS'),
  driftChecksPerSweep: 50,
  reservedStacks: defaultOf('TENANTRY_RESERVED_STACKS'),
  slotsPerProduct: defaultOf('TENANTRY_SLOTS_PER_PRODUCT'),
  failedSlotMs: 3_600_000,
};

/** Waiting time before try number `attempts + 1`, without jitter so that it can be shown. */
export function retryDelayMs(policy: Pick<Policy, 'retryBaseMs' | 'retryMaxMs'>, attempts: number): number {
  return Math.min(policy.retryMaxMs, policy.retryBaseMs * 2 ** Math.min(attempts, 30));
}

/** A lease is renewed three times in its life, so that one failed renewal does not lose it. */
export function renewEveryMs(policy: Pick<Policy, 'leaseTtlMs'>): number {
  return policy.leaseTtlMs / 3;
}

/**
 * How long after the start of a renewal a runner may write. It ends before the lease does, so that the runner has
 * killed its engine before the next holder begins.
 */
export function permitMs(policy: Pick<Policy, 'leaseTtlMs'>): number {
  return policy.leaseTtlMs * 0.8;
}
