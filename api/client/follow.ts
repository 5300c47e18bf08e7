import { TenantryError } from './error.ts';
import { readEventStream } from './event-stream.ts';
import type { Client } from './generated/client/index.ts';
import { getTenant, getTimeline } from './generated/sdk.gen.ts';
import type { Tenant, TimelineEntry } from './generated/types.gen.ts';
import { pause } from './pause.ts';
import { openStream } from './stream.ts';

export type Happening =
  /** Something that happened to the tenant; each comes once, in order. */
  | { readonly kind: 'entry'; readonly entry: TimelineEntry }
  /** The tenant's present state: first of all, and whenever it changes. */
  | { readonly kind: 'tenant'; readonly tenant: Tenant }
  /** How changes arrive from now on: at once, by polling, or not for the moment. */
  | { readonly kind: 'link'; readonly link: Link };

export type Link = 'live' | 'polling' | 'waiting';

export interface FollowOptions {
  /** Id of the last known entry; when left out, entries start at the beginning. */
  readonly after?: number;
  readonly signal?: AbortSignal;
  readonly pace?: Partial<FollowPace>;
}

export interface FollowPace {
  /** Pause before the first reconnection; doubles with every further one. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** A stream begins with the tenant. If nothing arrives for this long, something in between holds it back. */
  readonly longestBeginningMs: number;
  /** The service sends something every 15 s: a stream that is silent for longer is dead. */
  readonly longestSilenceMs: number;
  /** Pause between polls, where no stream works. */
  readonly pollMs: number;
  /** How many polls before a stream is tried again. */
  readonly pollsBetweenStreams: number;
}

const defaultPace: FollowPace = {
  firstWaitMs: 250,
  longestWaitMs: 8_000,
  longestBeginningMs: 10_000,
  longestSilenceMs: 40_000,
  pollMs: 2_000,
  pollsBetweenStreams: 15,
};

/**
 * Follows a tenant until the signal aborts: by server-sent events, which it resumes when they break, or by polling where
 * something in between blocks them.
 * @throws TenantryError for what another try cannot change, such as `not_found`
 */
export async function* followTenant(
  client: Client,
  id: string,
  options: FollowOptions = {},
): AsyncGenerator<Happening, void> {
  const { signal = new AbortController().signal } = options;
  const pace = { ...defaultPace, ...options.pace };
  let after = options.after ?? 0;
  let shown = '';
  let link: Link | undefined;
  let failures = 0;

  function* told(happening: Happening): Generator<Happening> {
    if (happening.kind === 'entry') {
      if (happening.entry.id <= after) return;
      after = happening.entry.id;
    }
    if (happening.kind === 'tenant') {
      const text = JSON.stringify(happening.tenant);
      if (text === shown) return;
      shown = text;
    }
    if (happening.kind === 'link') {
      if (happening.link === link) return;
      link = happening.link;
    }
    yield happening;
  }

  while (!signal.aborted) {
    let streamed = false;
    try {
      for await (const happening of streamOf(client, id, after, pace, signal)) {
        streamed = true;
        failures = 0;
        yield* told({ kind: 'link', link: 'live' });
        yield* told(happening);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error)) throw error;
    }
    try {
      for (let polls = 0; !streamed && polls < pace.pollsBetweenStreams && !signal.aborted; polls++) {
        const happenings = await ask(client, id, after, signal);
        failures = 0;
        yield* told({ kind: 'link', link: 'polling' });
        for (const happening of happenings) yield* told(happening);
        await pause(pace.pollMs, signal);
      }
      if (!streamed) continue;
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error)) throw error;
    }
    yield* told({ kind: 'link', link: 'waiting' });
    const waitMs = Math.min(pace.longestWaitMs, pace.firstWaitMs * 2 ** failures);
    await pause(waitMs * (0.75 + Math.random() / 2), signal);
    failures += 1;
  }
}

/** The contents of a stream until it ends, breaks or falls silent. */
async function* streamOf(
  client: Client,
  id: string,
  after: number,
  pace: FollowPace,
  signal: AbortSignal,
): AsyncGenerator<Happening, void> {
  const watch = watchSilence(pace.longestBeginningMs);
  try {
    const { body, headers } = await openStream(client, {
      url: '/v1/tenants/{id}/events',
      path: { id },
      headers: { accept: 'text/event-stream', 'last-event-id': String(after) },
      signal: AbortSignal.any([signal, watch.signal]),
    });
    if (!headers.get('content-type')?.startsWith('text/event-stream')) {
      await body.cancel();
      return;
    }
    for await (const { event, data } of readEventStream(body, () => watch.alive(pace.longestSilenceMs))) {
      if (event === 'tenant') yield { kind: 'tenant', tenant: JSON.parse(data) as Tenant };
      else yield { kind: 'entry', entry: JSON.parse(data) as TimelineEntry };
    }
  } finally {
    watch.end();
  }
}

/** Polls: the new entries and the tenant's present state, by two requests. */
async function ask(client: Client, id: string, after: number, signal: AbortSignal): Promise<Happening[]> {
  const [{ entries }, tenant] = await Promise.all([
    getTimeline({ client, path: { id }, query: { after, limit: 200 }, signal }),
    getTenant({ client, path: { id }, signal }),
  ]);
  return [...entries.map((entry) => ({ kind: 'entry', entry }) as const), { kind: 'tenant', tenant }];
}

function isFinal(error: unknown): boolean {
  return error instanceof TenantryError && error.isFinal;
}

/** Ends a silent connection, which would never break after a machine's sleep or a lost network. */
function watchSilence(firstMs: number) {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), firstMs);
  return {
    signal: silent.signal,
    alive(longestMs: number) {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), longestMs);
    },
    end: () => clearTimeout(timer),
  };
}
