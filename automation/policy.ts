import { defaultOf } from './environment/index.ts';

/** Every time limit and retry rule of the jobs, side by side. All durations in milliseconds. */
export interface Policy {
  /** How long a tenant keeps running while a payment is overdue. */
  readonly graceMs: number;
  /** How long the data of a cancelled tenant is kept before it is deleted. */
  readonly retentionMs: number;
  /** How often the sweep compares everything. */
  readonly sweepIntervalMs: number;
  /** How long a lease lasts without renewal; a crashed worker's tenants wait this long. */
  readonly leaseTtlMs: number;
  /** One engine operation may take this long, then it is killed. */
  readonly operationTimeoutMs: number;
  /** A destroy waits for finalizers, so it may take longer. */
  readonly destroyTimeoutMs: number;
  /** First waiting time after a failure; doubles up to `retryMaxMs`. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /**
   * How often a worker asks Stripe for an object of one kind. Stripe takes 25 such requests per second from an account
   * unless agreed otherwise (https://docs.stripe.com/rate-limits): several workers of an account need a part of it
   * each (`TENANTRY_STRIPE_FETCHES_PER_SECOND`). Whatever marks a subscription that waits for its
   * turn shares that one request.
   */
  readonly fetchesPerSecond: number;
  /** How long an event of Stripe is kept once it is done with; Stripe itself keeps them for 30 days. */
  readonly eventRetentionMs: number;
  /** Tenants whose cluster objects each sweep compares with what was applied. */
  readonly driftChecksPerSweep: number;
  /** Initialised stacks that are kept ready. */
  readonly reservedStacks: number;
  /** Warm slots that are kept ready, for each product that can have them. */
  readonly slotsPerProduct: number;
  /** How long a slot that failed stays before it is deleted for another, and before its deletion is asked for again. */
  readonly failedSlotMs: number;
}

export const defaultPolicy: Policy = {
  graceMs: defaultOf('TENANTRY_GRACE_MS'),
  retentionMs: defaultOf('TENANTRY_RETENTION_MS'),
  sweepIntervalMs: defaultOf('TENANTRY_SWEEP_INTERVAL_MS'),
  leaseTtlMs: defaultOf('TENANTRY_LEASE_TTL_MS'),
  operationTimeoutMs: defaultOf('TENANTRY_OPERATION_TIMEOUT_MS'),
  destroyTimeoutMs: defaultOf('TENANTRY_DESTROY_TIMEOUT_MS'),
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

/** A lease is renewed three times in its life, so that one lost renewal does not lose it. */
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
