/** A tenant's life as it happens: its events, resumed where a connection breaks. */
import { setTimeout as delay } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type ApiClient, tenantPath } from './api-client.ts';
import { type Entry, entry, type Tenant, tenant } from './api-types.ts';
import { CliProblem, exitCodes } from './problem.ts';

export type Happening =
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** The tenant as it is now, whenever it changed. */
  | { readonly kind: 'tenant'; readonly tenant: Tenant };

const reconnectMs = 500;

/** Everything from the beginning (or after entry `after`), then live until the signal aborts. */
export async function* followTenant(
  api: ApiClient,
  tenantId: string,
  options: { after?: number; signal: AbortSignal },
): AsyncGenerator<Happening> {
  let lastId = String(options.after ?? 0);
  const { signal } = options;
  while (!signal.aborted) {
    try {
      const body = await api.stream(`${tenantPath(tenantId)}/events`, { 'last-event-id': lastId }, signal);
      const messages = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const { event, id, data } of messages) {
        const parsed: unknown = JSON.parse(data);
        if (event === 'tenant') yield { kind: 'tenant', tenant: tenant.parse(parsed) };
        else yield { kind: 'entry', entry: entry.parse(parsed) };
        if (id !== undefined) lastId = id;
      }
    } catch (error) {
      if (signal.aborted) return;
      // The service restarts within a second or two; what it refuses, it would refuse again.
      if (error instanceof CliProblem && error.exitCode !== exitCodes.notRunning) throw error;
    }
    await delay(reconnectMs, undefined, { signal }).catch(() => {});
  }
}
