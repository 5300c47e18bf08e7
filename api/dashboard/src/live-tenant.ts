import { useEffect, useState } from 'react';
import { type Api, ApiProblem, toProblem } from './api.ts';
import { withEntry } from './timeline.ts';
import type { Entry, ProblemDetails, Tenant } from './types.ts';

export interface LiveTenant {
  readonly tenant: Tenant | null;
  readonly entries: readonly Entry[];
  /** `live` while the server pushes changes; `waiting` between two attempts to connect. */
  readonly link: 'connecting' | 'live' | 'waiting';
  readonly problem: ProblemDetails | null;
}

const firstWaitMs = 250;
const longestWaitMs = 8_000;
/** The service says something every 15 s. */
const longestSilenceMs = 40_000;
const nothing: LiveTenant = { tenant: null, entries: [], link: 'connecting', problem: null };

/**
 * A tenant and its trail, kept current by server-sent events. A broken connection is taken up again after a
 * growing wait, from the last entry seen; the service begins each stream with the tenant as it is then.
 */
export function useLiveTenant(api: Api, id: string): LiveTenant & { show(tenant: Tenant): void } {
  const [state, setState] = useState(nothing);

  useEffect(() => {
    const abort = new AbortController();
    const change = (part: Partial<LiveTenant>) => {
      if (!abort.signal.aborted) setState((before) => ({ ...before, ...part }));
    };
    setState(nothing);
    void follow(api, id, change, setState, abort.signal);
    return () => abort.abort();
  }, [api, id]);

  return { ...state, show: (tenant) => setState((before) => ({ ...before, tenant })) };
}

async function follow(
  api: Api,
  id: string,
  change: (part: Partial<LiveTenant>) => void,
  update: (change: (before: LiveTenant) => LiveTenant) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastEntry: number | null = null;
  let failures = 0;
  const seen = (entry: Entry) => {
    lastEntry = Math.max(lastEntry ?? 0, entry.id);
    failures = 0;
  };

  while (!signal.aborted) {
    const watch = watchSilence();
    try {
      if (lastEntry === null) {
        const [tenant, entries] = await Promise.all([api.tenant(id), api.timeline(id)]);
        change({ tenant, entries, problem: null });
        lastEntry = entries.reduce((last, entry) => Math.max(last, entry.id), 0);
      }
      await api.streamTenant(
        id,
        lastEntry,
        {
          onOpen: () => {
            change({ link: 'live', problem: null });
            watch.alive();
          },
          onEntry: (entry) => {
            seen(entry);
            if (!signal.aborted) {
              update((before) => ({ ...before, entries: withEntry(before.entries, entry) }));
            }
          },
          onTenant: (tenant) => change({ tenant }),
          onAlive: watch.alive,
        },
        AbortSignal.any([signal, watch.signal]),
      );
    } catch (error) {
      if (signal.aborted) return;
      if (lastEntry === null || isFinal(error)) change({ problem: toProblem(error) });
      if (isFinal(error)) return change({ link: 'waiting' });
    }
    watch.end();
    change({ link: 'waiting' });
    await pause(Math.min(longestWaitMs, firstWaitMs * 2 ** failures) * (0.75 + Math.random() / 2), signal);
    failures += 1;
  }
}

/** No use asking again: not allowed, or not there. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiProblem && [400, 401, 403, 404, 410].includes(error.details.status);
}

/** Ends a connection that has gone silent: behind a sleeping machine or a lost network it would never break. */
function watchSilence(): { readonly signal: AbortSignal; alive(): void; end(): void } {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => clearTimeout(timer);
  return {
    signal: abort.signal,
    alive() {
      end();
      timer = setTimeout(() => abort.abort(), longestSilenceMs);
    },
    end,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
