import { errorOfAnswer, TenantryError } from './error.ts';
import { type Client, createClient, createConfig } from './generated/client/index.ts';
import { defaultRetry, type RetryPolicy, retryAfterMs, retrying } from './retry.ts';

export interface TenantryClientOptions {
  /** Where the API is, such as `https://tenantry.example.com`. */
  readonly baseUrl: string;
  /** A token or an API key, or a function that returns one for each request. Leave it out for public routes. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>);
  /** How long to wait for an answer to begin. Default 20 s. */
  readonly timeoutMs?: number;
  /** For requests that are safe to repeat. */
  readonly retry?: Partial<RetryPolicy>;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A client to pass to the API's functions: `getTenant({ client, path: { id } })`. They reject with a `TenantryError`,
 * except for the reason of a signal that aborted them.
 */
export function createTenantryClient(options: TenantryClientOptions): Client {
  const { token, timeoutMs = 20_000, fetch = globalThis.fetch } = options;
  const send = retrying(
    inTime((request, signal) => fetch(request, { signal }), timeoutMs),
    {
      ...defaultRetry,
      ...options.retry,
    },
  );
  const client = createClient(
    createConfig({
      baseUrl: options.baseUrl.replace(/\/+$/, ''),
      fetch: (input, init) => send(new Request(input, init)),
      throwOnError: true,
      requestValidator: async (request) => assertPath(request),
      ...(token !== undefined && { auth: token }),
    }),
  );
  client.interceptors.response.use((response) => {
    if (response.ok && !isOfTheApi(response)) throw unexpected(response);
    return response;
  });
  client.interceptors.error.use((error, response, request) => {
    if (error instanceof TenantryError || request?.signal.aborted) return error;
    if (response === undefined) return unreachable(options.baseUrl, error);
    if (response.ok) return unexpected(response, error);
    return errorOfAnswer(error, response, retryAfterMs(response.headers));
  });
  return client;
}

/** Refuses an empty part of a path, or one of dots, because it would name another address. */
function assertPath(request: unknown): void {
  const { path } = request as { path?: Readonly<Record<string, unknown>> };
  for (const [name, value] of Object.entries(path ?? {})) {
    if (!/^\.{0,2}$/.test(String(value))) continue;
    const message = `path.${name}: must not be empty or dots.`;
    throw new TenantryError({ status: 0, code: 'invalid_request', title: message });
  }
}

/** Limits the wait for an answer to begin; after that it may take as long as it needs. */
function inTime(
  send: (request: Request, signal: AbortSignal) => Promise<Response>,
  timeoutMs: number,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      return await send(request, AbortSignal.any([request.signal, late.signal]));
    } catch (error) {
      if (!late.signal.aborted || request.signal.aborted) throw error;
      const title = `The service did not answer within ${timeoutMs / 1000} s.`;
      throw new TenantryError({ status: 0, code: 'timeout', title }, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
}

/** False for a page of something in between, such as a sign-in page. */
function isOfTheApi({ status, headers }: Response): boolean {
  const type = headers.get('content-type');
  return status === 204 || (type !== null && !/^text\/html\b/.test(type));
}

function unexpected({ status, url }: Response, cause?: unknown): TenantryError {
  const title = `${url} answered something unexpected: is it a Tenantry of this version?`;
  return new TenantryError({ status, code: 'unexpected_answer', title }, { cause });
}

function unreachable(baseUrl: string, cause: unknown): TenantryError {
  return new TenantryError(
    { status: 0, code: 'unreachable', title: `Tenantry cannot be reached at ${baseUrl}.` },
    { cause },
  );
}
