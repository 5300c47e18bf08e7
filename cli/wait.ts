/** Waits for what a tenant becomes, telling what happens on the way. */
import type { ApiClient } from './api-client.ts';
import type { Entry, Tenant } from './api-types.ts';
import { followTenant } from './follow.ts';
import { CliProblem, exitCodes } from './problem.ts';

export interface WaitOptions {
  readonly isDone: (tenant: Tenant) => boolean;
  /** Entries up to this id are not told. */
  readonly after?: number;
  readonly onEntry: (entry: Entry) => void;
  /** Ends the waiting. */
  readonly deadlineMs: number;
  /** What is waited for, as in "is not active". */
  readonly wanted: string;
}

/**
 * Resolves with the tenant as it is when done.
 * @throws CliProblem `tenant_failed` when it fails for good, `timeout` when the deadline passes first
 */
export async function waitForTenant(api: ApiClient, id: string, options: WaitOptions): Promise<Tenant> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), Math.max(0, options.deadlineMs - Date.now()));
  let last: Tenant | undefined;
  try {
    const happenings = followTenant(api, id, { after: options.after ?? 0, signal: ending.signal });
    for await (const happening of happenings) {
      if (happening.kind === 'entry') {
        options.onEntry(happening.entry);
        continue;
      }
      last = happening.tenant;
      if (options.isDone(last)) return last;
      if (last.phase === 'failed') throw failed(last);
    }
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
  const state = last === undefined ? 'the service says nothing about it' : `it is ${last.phase}`;
  const why = last?.reason ? ` (${last.reason.message})` : '';
  throw new CliProblem(
    exitCodes.failed,
    'timeout',
    `Tenant ${id} is not ${options.wanted} in the time given; ${state}${why}. It goes on without this command: npm run -s tenantry -- tenant ${id}`,
  );
}

function failed({ id, reason, cause }: Tenant): CliProblem {
  const why = reason === null ? 'no reason is known' : `${reason.message} (${reason.code})`;
  const more = cause == null || cause === reason?.message ? '' : ` Cause: ${cause}.`;
  return new CliProblem(
    exitCodes.tenantFailed,
    'tenant_failed',
    `Tenant ${id} failed: ${why}${more} Once that is mended: npm run -s tenantry -- retry ${id}`,
  );
}
