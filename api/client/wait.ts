import { type FollowOptions, followTenant } from './follow.ts';
import type { Client } from './generated/client/index.ts';
import type { Tenant, TimelineEntry } from './generated/types.gen.ts';

export interface WaitOptions extends FollowOptions {
  /** What to wait for: a phase, or a condition on the tenant. */
  readonly until: Tenant['phase'] | ((tenant: Tenant) => boolean);
  /** How long to wait; for ever when left out. */
  readonly timeoutMs?: number;
  readonly onEntry?: (entry: TimelineEntry) => void;
}

/** The condition did not come true. `tenant` is the last known state. */
export class WaitError extends Error {
  override readonly name = 'WaitError';
  /** `tenant_failed` when the tenant failed for good, `timeout` when the time is over. */
  readonly code: 'tenant_failed' | 'timeout';
  readonly tenant: Tenant | null;

  constructor(code: WaitError['code'], message: string, tenant: Tenant | null) {
    super(message);
    this.code = code;
    this.tenant = tenant;
  }
}

/**
 * Resolves with the tenant once the condition holds.
 * @throws WaitError when the tenant fails or the time is over; TenantryError for what another try cannot change; the
 *   signal's reason when it aborts
 */
export async function waitForTenant(client: Client, id: string, options: WaitOptions): Promise<Tenant> {
  const { until, timeoutMs, onEntry, signal, ...follow } = options;
  const isDone = typeof until === 'string' ? ({ phase }: Tenant) => phase === until : until;
  const late = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(), timeoutMs);
  const ended = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  let last: Tenant | null = null;
  try {
    for await (const happening of followTenant(client, id, { ...follow, signal: ended })) {
      if (happening.kind === 'entry') onEntry?.(happening.entry);
      if (happening.kind !== 'tenant') continue;
      last = happening.tenant;
      if (isDone(last)) return last;
      if (last.phase === 'failed') {
        const why =
          last.reason === null ? 'no reason is known' : `${last.reason.message} (${last.reason.code})`;
        throw new WaitError('tenant_failed', `Tenant ${id} failed: ${why}`, last);
      }
    }
  } finally {
    clearTimeout(timer);
    late.abort();
  }
  signal?.throwIfAborted();
  const state = last === null ? 'the service says nothing about it' : `it is ${last.phase}`;
  throw new WaitError('timeout', `Tenant ${id} is not as wanted in the time given; ${state}.`, last);
}
