/** Waits until a tenant reaches a state, and reports what happens on the way. */
import {
  type Client,
  type Tenant,
  TenantryError,
  type TimelineEntry,
  WaitError,
  waitForTenant as wait,
} from '../api/client/index.ts';
import { CliProblem, exitCodes, problemOf } from './problem.ts';

export interface WaitOptions {
  readonly isDone: (tenant: Tenant) => boolean;
  /** Skips entries up to this id. */
  readonly after?: number;
  readonly onEntry: (entry: TimelineEntry) => void;
  /** When to give up. */
  readonly deadlineMs: number;
  /** What is waited for, as in "is not active". */
  readonly wanted: string;
}

/**
 * Resolves with the tenant as it is when done.
 * @throws CliProblem `tenant_failed` when it fails for good, `timeout` when the deadline passes first
 */
export async function waitForTenant(client: Client, id: string, options: WaitOptions): Promise<Tenant> {
  const { isDone, after = 0, onEntry, deadlineMs, wanted } = options;
  const timeoutMs = Math.max(0, deadlineMs - Date.now());
  try {
    return await wait(client, id, { until: isDone, after, onEntry, timeoutMs });
  } catch (error) {
    if (error instanceof TenantryError) throw problemOf(error);
    if (!(error instanceof WaitError)) throw error;
    throw error.code === 'tenant_failed' && error.tenant
      ? failed(error.tenant)
      : late(id, wanted, error.tenant);
  }
}

function late(id: string, wanted: string, last: Tenant | null): CliProblem {
  const state = stateOf(last, wanted);
  const why = last?.reason ? ` (${last.reason.message})` : '';
  return new CliProblem(
    exitCodes.failed,
    'timeout',
    `Tenant ${id} was not ${wanted} in the time given: ${state}${why}. It goes on without this command: npm run -s tenantry -- tenant ${id}`,
  );
}

/** A tenant may be in the phase that is waited for while its latest change is still to be done. */
function stateOf(last: Tenant | null, wanted: string): string {
  if (last === null) return 'the service says nothing about it';
  return last.phase === wanted ? 'its latest change is not done yet' : `it is ${last.phase}`;
}

function failed({ id, reason, cause }: Tenant): CliProblem {
  const why = reason === null ? 'no reason is known' : `${reason.message} (${reason.code})`;
  const more = cause == null || cause === reason?.message ? '' : ` Cause: ${cause}.`;
  return new CliProblem(
    exitCodes.tenantFailed,
    'tenant_failed',
    `Tenant ${id} failed: ${why}${more} Once you have fixed that: npm run -s tenantry -- retry ${id}`,
  );
}
