/** Requests to the service; every failure is a `CliProblem` with one sentence. */
import type { z } from 'zod';
import { tenantIdPattern } from '../tenants/spec.ts';
import { problemDetails } from './api-types.ts';
import { CliProblem, type ExitCode, exitCodes } from './problem.ts';

export interface ApiClient {
  readonly url: string;
  get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>>;
  post<Schema extends z.ZodType>(path: string, body: unknown, schema: Schema): Promise<z.infer<Schema>>;
  /** An answer that goes on: server-sent events. */
  stream(
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

const requestTimeoutMs = 20_000;

/** @param token left out for what anybody may read */
export function createApiClient(url: string, token?: string): ApiClient {
  const authorization: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function send(path: string, init: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(`${url}${path}`, { ...init, headers: { ...authorization, ...init.headers } });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      if (error instanceof DOMException && error.name === 'TimeoutError')
        throw new CliProblem(
          exitCodes.notRunning,
          'no_answer',
          `${url} did not answer within ${requestTimeoutMs / 1000} s.`,
        );
      throw notRunning();
    }
    if (!answer.ok) throw problemOf(answer.status, await answer.text());
    return answer;
  }

  async function sendJson<Schema extends z.ZodType>(path: string, init: RequestInit, schema: Schema) {
    const answer = await send(path, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) });
    const parsed = schema.safeParse(await answer.json().catch(() => undefined));
    if (!parsed.success)
      throw new CliProblem(
        exitCodes.failed,
        'unexpected_answer',
        `${url}${path} answered something unexpected: is it a Tenantry of this version?`,
      );
    return parsed.data;
  }

  return {
    url,
    get: (path, schema) => sendJson(path, {}, schema),
    post: (path, body, schema) =>
      sendJson(
        path,
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
        schema,
      ),
    stream: async (path, headers, signal) => {
      const answer = await send(path, { headers: { accept: 'text/event-stream', ...headers }, signal });
      if (!answer.body) throw notRunning();
      return answer.body;
    },
  };
}

/**
 * The address of a tenant.
 * @throws CliProblem `not_found` for what is no tenant's id, before it becomes part of a path
 */
export function tenantPath(id: string): string {
  if (tenantIdPattern.test(id)) return `/v1/tenants/${id}`;
  throw new CliProblem(
    exitCodes.notFound,
    'not_found',
    `There is no tenant ${JSON.stringify(id.slice(0, 64))}: an id is eight letters and digits, and \`npm run -s tenantry -- tenants\` lists them.`,
  );
}

/** Nothing runs in this home, or what ran there does not answer. */
export function notRunning(): CliProblem {
  return new CliProblem(exitCodes.notRunning, 'not_running', 'Tenantry is not running here: npm start');
}

/** What an answer that is no success means to the person at the terminal. */
export function problemOf(status: number, body: string): CliProblem {
  const parsed = problemDetails.safeParse(parseJson(body));
  const { code, title, detail } = parsed.success ? parsed.data : {};
  const message = detail ?? title ?? `The service answered ${status}.`;
  return new CliProblem(exitCodeOf(status), code ?? `http_${status}`, message);
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return exitCodes.notAllowed;
  if (status === 404) return exitCodes.notFound;
  if (status === 400 || status === 422) return exitCodes.usage;
  return exitCodes.failed;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
