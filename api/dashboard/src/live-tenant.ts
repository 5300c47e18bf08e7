import { useEffect, useState } from 'react';
import {
  type Client,
  followTenant,
  getTenant,
  getTimeline,
  type Link,
  pause,
  TenantryError,
} from '../../client/index.ts';
import { toProblem } from './api.ts';
import { withEntry } from './timeline.ts';
import type { Entry, ProblemDetails, Tenant } from './types.ts';

export interface LiveTenant {
  readonly tenant: Tenant | null;
  readonly entries: readonly Entry[];
  readonly link: 'connecting' | Link;
  readonly problem: ProblemDetails | null;
}

const firstWaitMs = 250;
const longestWaitMs = 8_000;
const nothing: LiveTenant = { tenant: null, entries: [], link: 'connecting', problem: null };

/** A tenant and its trail, kept current. */
export function useLiveTenant(client: Client, id: string): LiveTenant & { show(tenant: Tenant): void } {
  const [state, setState] = useState(nothing);

  useEffect(() => {
    const abort = new AbortController();
    const change = (part: Partial<LiveTenant>) => {
      if (!abort.signal.aborted) setState((before) => ({ ...before, ...part }));
    };
    setState(nothing);
    void follow(client, id, change, setState, abort.signal);
    return () => abort.abort();
  }, [client, id]);

  return { ...state, show: (tenant) => setState((before) => ({ ...before, tenant })) };
}

async function follow(
  client: Client,
  id: string,
  change: (part: Partial<LiveTenant>) => void,
  update: (change: (before: LiveTenant) => LiveTenant) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const after = await begin(client, id, change, signal);
    for await (const happening of followTenant(client, id, { after, signal })) {
      if (signal.aborted) return;
      if (happening.kind === 'tenant') change({ tenant: happening.tenant });
      else if (happening.kind === 'link') change({ link: happening.link });
      else update((before) => ({ ...before, entries: withEntry(before.entries, happening.entry) }));
    }
  } catch (error) {
    if (!signal.aborted) change({ problem: toProblem(error), link: 'waiting' });
  }
}

/**
 * Shows the tenant and the whole trail at once, and returns the id of its last entry.
 * @throws TenantryError for what no further try changes
 */
async function begin(
  client: Client,
  id: string,
  change: (part: Partial<LiveTenant>) => void,
  signal: AbortSignal,
): Promise<number> {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
    try {
      const [tenant, { entries }] = await Promise.all([
        getTenant({ client, path: { id }, signal }),
        getTimeline({ client, path: { id }, query: { limit: 200 }, signal }),
      ]);
      change({ tenant, entries, problem: null });
      return entries.reduce((last, entry) => Math.max(last, entry.id), 0);
    } catch (error) {
      if (signal.aborted || (error instanceof TenantryError && error.isFinal)) throw error;
      change({ problem: toProblem(error), link: 'waiting' });
      await pause(waitMs, signal);
    }
  }
}
