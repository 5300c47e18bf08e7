import type { z } from '@hono/zod-openapi';
import {
  type UsageEventBody,
  usageCloudEvent,
  usageCloudEventsEnvelope,
  usageEvent,
  usageEventsEnvelope,
} from './contract/usage-events.ts';
import { Problem } from './errors.ts';

/** Reads events of use from a request: in our own form, or as CloudEvents in any mode of their HTTP binding. */

/** An event, or what is wrong with it. */
export type ReadEvent =
  | { readonly event: UsageEventBody & { readonly source: string } }
  | { readonly id: string | null; readonly problem: string };

export interface UsageBatch {
  readonly events: readonly ReadEvent[];
  /** True when the request is a single event, so that its answer is the event's own. */
  readonly isSingle: boolean;
}

export interface UsageMessage {
  readonly contentType: string;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

/** @throws Problem `invalid_request` when the request as a whole cannot be read */
export function readUsageBatch({ contentType, header, body }: UsageMessage): UsageBatch {
  const [type = ''] = contentType.toLowerCase().split(';');
  switch (type.trim()) {
    case 'application/cloudevents+json':
      return { events: [readCloudEvent(parse(body))], isSingle: true };
    case 'application/cloudevents-batch+json':
      return { events: checked(usageCloudEventsEnvelope, parse(body)).map(readCloudEvent), isSingle: false };
    case 'application/json':
      return header('ce-specversion') === undefined
        ? { events: readOwn(parse(body)), isSingle: false }
        : { events: [readCloudEvent(fromHeaders(header, parse(body)))], isSingle: true };
    case '':
      // In binary mode the data may be left out, and with it the type.
      if (header('ce-specversion') !== undefined && body === '')
        return { events: [readCloudEvent(fromHeaders(header, undefined))], isSingle: true };
  }
  const message =
    'must be application/json, application/cloudevents+json or application/cloudevents-batch+json';
  throw new Problem('invalid_request', `content-type: ${message}`, [{ field: 'content-type', message }]);
}

function readOwn(body: unknown): ReadEvent[] {
  const { source, events } = checked(usageEventsEnvelope, body);
  return events.map((given) => {
    const read = usageEvent.safeParse(given);
    return read.success ? { event: { ...read.data, source } } : unreadable(given, read.error);
  });
}

function readCloudEvent(given: unknown): ReadEvent {
  const read = usageCloudEvent.safeParse(given);
  if (!read.success) return unreadable(given, read.error);
  const { id, source, type, subject, time, data } = read.data;
  return { event: { id, source, tenant: subject, meter: type, at: time, quantity: data.quantity } };
}

const attributes = ['specversion', 'id', 'source', 'type', 'subject', 'time'];

/** In binary mode, attributes are headers, percent-encoded where they are not printable, and the body is the data. */
function fromHeaders(header: UsageMessage['header'], data: unknown): unknown {
  const given = attributes.flatMap((name) => {
    const value = header(`ce-${name}`);
    return value === undefined ? [] : [[name, decoded(value)] as const];
  });
  return { ...Object.fromEntries(given), ...(data !== undefined && { data }) };
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function unreadable(given: unknown, error: z.ZodError): ReadEvent {
  const id = typeof given === 'object' && given !== null && 'id' in given ? given.id : null;
  const problem = error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ');
  return { id: typeof id === 'string' ? id.slice(0, 200) : null, problem };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Problem('invalid_request', 'The request body is no JSON.');
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const errors = read.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  const detail = errors.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
  throw new Problem('invalid_request', detail, errors);
}
