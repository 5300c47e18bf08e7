import http from 'node:http';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { CredentialSource, type Credentials } from './credentials.ts';
import { isStatus, isTransient, KubernetesApiError, parseStatus } from './errors.ts';
import type { ClusterAccess } from './kubeconfig.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export type ContentType = 'application/json' | 'application/json-patch+json' | 'application/apply-patch+yaml';

export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly contentType?: ContentType;
  /** Asks for a form of the answer other than the whole objects. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** Concurrent requests; enough for an engine's default parallelism without a handshake storm. */
const maxSockets = 16;
const requestTimeoutMs = 60_000;
/** First pause of the backoff; doubles, with jitter, up to five times: about 6 s in all. */
const firstBackoffMs = 200;
const attempts = 6;

/**
 * A small client of the Kubernetes API over kept-alive connections. `@kubernetes/client-node` is not used: it costs
 * 90 MB and 0.9 s in every runner, for generated classes that server-side apply has no use for.
 */
export class KubernetesClient {
  readonly #access: ClusterAccess;
  readonly #credentials: CredentialSource;
  readonly #beforeWrite: () => void;
  readonly #transport: typeof http | typeof https;
  #agent: http.Agent;
  #agentCertificate: string | null = null;

  constructor(access: ClusterAccess, environment: NodeJS.ProcessEnv, beforeWrite: () => void) {
    this.#access = access;
    this.#credentials = new CredentialSource(access, environment);
    this.#beforeWrite = beforeWrite;
    this.#transport = access.server.protocol === 'http:' ? http : https;
    this.#agent = this.#newAgent(access.user.clientCertificate, access.user.clientKey);
  }

  get namespace(): string {
    return this.#access.namespace;
  }

  /**
   * Sends a request, again after a transient failure: sending any of our requests twice has the effect of once.
   * @throws KubernetesApiError for an answer other than 2xx.
   */
  async send(request: ApiRequest): Promise<JsonObject> {
    for (let attempt = 1; ; attempt++) {
      request.signal?.throwIfAborted();
      try {
        return await this.#attempt(request);
      } catch (error) {
        if (isStatus(error, 401) && attempt === 1 && this.#credentials.expire()) continue;
        if (attempt >= attempts || request.signal?.aborted || !isTransient(error))
          throw explained(error, this.#access);
        const pauseMs = firstBackoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
        await delay(pauseMs, undefined, request.signal ? { signal: request.signal } : {});
      }
    }
  }

  /**
   * Asks once for a stream of JSON lines, such as a watch. Calls `onLine` for each; resolves when the server ends the stream.
   * @param options.silenceMs a stream without a line for this long counts as broken
   * @throws KubernetesApiError for an answer other than 2xx; what `onLine` throws, which ends the stream
   */
  async readLines(
    request: Pick<ApiRequest, 'path' | 'query'> & { readonly signal: AbortSignal },
    onLine: (line: JsonObject) => void,
    options: { readonly silenceMs: number },
  ): Promise<void> {
    const { signal } = request;
    signal.throwIfAborted();
    const { url, headers, agent } = await this.#prepare({ ...request, method: 'GET' });
    await new Promise<void>((resolve, reject) => {
      const outgoing = this.#transport.request(
        url,
        { method: 'GET', headers, agent, timeout: options.silenceMs, signal },
        (response) => {
          const status = response.statusCode ?? 0;
          const isGood = status >= 200 && status <= 299;
          let rest = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            const lines = (rest + chunk).split('\n');
            rest = (isGood ? lines.pop() : rest + chunk) ?? '';
            try {
              if (isGood) for (const line of lines) if (line !== '') onLine(JSON.parse(line) as JsonObject);
            } catch (error) {
              outgoing.destroy();
              reject(error);
            }
          });
          response.on('error', reject);
          response.on('end', () => {
            if (isGood) resolve();
            else {
              if (status === 401) this.#credentials.expire();
              reject(new KubernetesApiError(parseStatus(status, rest)));
            }
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(tooLate('The Kubernetes API has fallen silent')));
      outgoing.on('error', (error) => reject(signal.aborted ? (signal.reason ?? error) : error));
      outgoing.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #attempt(request: ApiRequest): Promise<JsonObject> {
    const { url, headers, body, agent } = await this.#prepare(request);
    if (isWrite(request)) this.#beforeWrite();
    const { status, text } = await this.#exchange(url, request, headers, body, agent);
    if (status < 200 || status > 299) throw new KubernetesApiError(parseStatus(status, text));
    return text === '' ? {} : (JSON.parse(text) as JsonObject);
  }

  async #prepare(request: ApiRequest) {
    const credentials = await this.#credentials.get();
    const agent = this.#agentFor(credentials);
    const url = new URL(this.#access.server);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${request.path}`;
    for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    const headers: http.OutgoingHttpHeaders = {
      accept: request.accept ?? 'application/json',
      'user-agent': 'tenantry-provider',
      ...(credentials.authorization && { authorization: credentials.authorization }),
      ...(body !== null && {
        'content-type': request.contentType ?? 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    };
    return { url, headers, body, agent };
  }

  #exchange(
    url: URL,
    request: ApiRequest,
    headers: http.OutgoingHttpHeaders,
    body: string | null,
    agent: http.Agent,
  ): Promise<{ status: number; text: string }> {
    const { method } = request;
    // Waits for a write that is under way, whatever ends the engine: we must know whether it took effect.
    const signal = isWrite(request) ? undefined : request.signal;
    return new Promise((resolve, reject) => {
      const outgoing = this.#transport.request(
        url,
        { method, headers, agent, timeout: requestTimeoutMs, ...(signal && { signal }) },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
          );
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(tooLate('The Kubernetes API did not answer in time')));
      outgoing.on('error', (error) => reject(signal?.aborted ? (signal.reason ?? error) : error));
      outgoing.end(body ?? undefined);
    });
  }

  /** A plugin may rotate the client certificate, which belongs to the connection. */
  #agentFor(credentials: Credentials): http.Agent {
    const { clientCertificate, clientKey } = credentials;
    const certificate = clientCertificate?.toString('base64') ?? null;
    if (certificate !== this.#agentCertificate && this.#access.user.exec) {
      this.#agent = this.#newAgent(clientCertificate, clientKey);
      this.#agentCertificate = certificate;
    }
    return this.#agent;
  }

  #newAgent(certificate: Buffer | null, key: Buffer | null): http.Agent {
    const pool = { keepAlive: true, maxSockets, scheduling: 'lifo' as const };
    if (this.#transport === http) return new http.Agent(pool);
    const { ca, insecureSkipTlsVerify, tlsServerName } = this.#access;
    return new https.Agent({
      ...pool,
      ...(ca && { ca }),
      ...(certificate && { cert: certificate }),
      ...(key && { key }),
      ...(tlsServerName && { servername: tlsServerName }),
      rejectUnauthorized: !insecureSkipTlsVerify,
    });
  }
}

function tooLate(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}

function isWrite(request: ApiRequest): boolean {
  return request.method !== 'GET' && request.query?.dryRun === undefined;
}

function explained(error: unknown, access: ClusterAccess): unknown {
  if (error instanceof KubernetesApiError || !(error instanceof Error) || !('code' in error)) return error;
  return Object.assign(
    new Error(`The Kubernetes API at ${access.server.origin} cannot be reached: ${error.message}`),
    {
      code: error.code,
    },
  );
}
