/**
 * Conformance with Stripe's own `stripe-mock`, which validates requests against Stripe's OpenAPI description and is
 * stateless: any id resolves to a fixture. Requests to the simulator (or anywhere) are repeated to it, and those it
 * rejects are collected.
 *
 * stripe-mock 0.203.0 describes API 2026-08-26.dahlia, one version behind the client. It ignores the version sent
 * unless started strictly, so it reports later parameters as rejected, and addresses that it does not know at all
 * (all of `/v2`, subscription pause) as unknown: neither counts as accepted.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';

export interface StripeMock {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

const startTimeoutMs = 20_000;

/**
 * Starts stripe-mock on free ports of the loopback address.
 *
 * @param strictVersion refuse requests whose `Stripe-Version` differs from the described one
 */
export async function startStripeMock(
  toolPath: string,
  { strictVersion = false }: { strictVersion?: boolean } = {},
): Promise<StripeMock> {
  // Without an address for HTTPS too it would take a fixed port.
  const addresses = ['-http-addr', '127.0.0.1:', '-https-addr', '127.0.0.1:'];
  const child = spawn(toolPath, [...addresses, ...(strictVersion ? ['-strict-version-check'] : [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = () => ended(child);
  try {
    const port = await listeningPort(child);
    return { host: '127.0.0.1', port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const fail = (why: string) => reject(new Error(`stripe-mock ${why}: ${said.join(' ')}`));
    const timer = setTimeout(() => fail('did not start in time'), startTimeoutMs);
    child.once('error', reject);
    child.once('exit', (code) => fail(`ended with ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const port = line.match(/Listening for HTTP at address: .*:(\d+)$/)?.[1];
        if (port === undefined) return;
        clearTimeout(timer);
        resolve(Number(port));
      });
    }
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return resolve();
    child.once('exit', () => resolve());
    child.kill();
  });
}

/** One request as repeated to stripe-mock, and its answer. */
export interface Repeated {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
  /** The line of this repository that called the client; null for what a client in another process sent. */
  readonly caller: string | null;
  readonly verdict: 'accepted' | 'rejected' | 'unknown address';
  readonly status: number;
  readonly message: string | null;
}

export interface Conformance {
  readonly repeated: readonly Repeated[];
  /** Waits for requests under way; returns those that stripe-mock rejected, or whose address it does not know. */
  problems(): Promise<Repeated[]>;
}

interface Tee extends Conformance {
  repeat(request: { method: string; path: string; headers: Record<string, string>; body: string }): void;
}

const callerHeader = 'x-caller';
const root = resolve(import.meta.dirname, '../../..');

/**
 * Makes requests of every client in this process name the line that called it, as `automation/figures/rebuild.ts:74`.
 */
function nameCallers(): void {
  const { prototype } = Stripe.StripeResource;
  const makeRequest = prototype._makeRequest;
  prototype._makeRequest = function (method, path, params, options, spec) {
    const caller = callerIn(new Error().stack ?? '');
    const headers = { ...spec?.headers, ...(caller !== null && { [callerHeader]: caller }) };
    return makeRequest.call(this, method, path, params, options, { ...spec, headers });
  };
}
nameCallers();

function callerIn(stack: string): string | null {
  for (const frame of stack.split('\n').slice(1)) {
    const [, at, line] = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(frame) ?? [];
    if (at === undefined) continue;
    const file = relative(root, at.startsWith('file:') ? fileURLToPath(at) : at);
    if (!file.startsWith('node_modules/') && file !== relative(root, import.meta.filename))
      return `${file}:${line}`;
  }
  return null;
}

function createTee(mock: StripeMock): Tee {
  const repeated: Repeated[] = [];
  const underWay = new Set<Promise<void>>();

  async function send(method: string, path: string, headers: Record<string, string>, body: string) {
    const { [callerHeader]: caller = null, ...kept } = headers;
    const answer = await fetch(`http://${mock.host}:${mock.port}${path}`, {
      method,
      headers: { ...kept, authorization: 'Bearer sk_test_123' },
      ...(body === '' ? {} : { body }),
    });
    const text = await answer.text();
    const message = answer.ok ? null : messageOf(text);
    const verdict = answer.ok
      ? 'accepted'
      : message?.startsWith('Unrecognized request URL')
        ? 'unknown address'
        : 'rejected';
    repeated.push({ method, path, body, caller, verdict, status: answer.status, message });
  }

  return {
    repeated,
    repeat({ method, path, headers, body }) {
      const kept = ['content-type', 'stripe-version', 'accept', 'user-agent', callerHeader];
      const chosen = Object.fromEntries(
        kept.flatMap((name) => (headers[name] ? [[name, headers[name]]] : [])),
      );
      const sent: Promise<void> = send(method, path, chosen, body)
        .catch((error) => {
          const caller = headers[callerHeader] ?? null;
          const message = String(error);
          repeated.push({ method, path, body, caller, verdict: 'rejected', status: 0, message });
        })
        .finally(() => underWay.delete(sent));
      underWay.add(sent);
    },
    async problems() {
      await Promise.all(underWay);
      return repeated.filter(({ verdict }) => verdict !== 'accepted');
    },
  };
}

function messageOf(body: string): string {
  try {
    return JSON.parse(body).error.message;
  } catch {
    return body;
  }
}

export interface ClientTee extends Conformance {
  /** A client of a server whose requests are repeated; it asks once, so that a failure is seen as it is. */
  clientOf(server: { host: string; port: number; secretKey: string }): Stripe;
}

/** Clients that are answered by their server and whose every request is repeated to stripe-mock. */
export function teeToStripeMock(mock: StripeMock): ClientTee {
  const tee = createTee(mock);
  const httpClient = Stripe.createFetchHttpClient(async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const body = await request.clone().text();
    tee.repeat({
      method: request.method,
      path: url.pathname + url.search,
      headers: Object.fromEntries(request.headers),
      body,
    });
    return fetch(request);
  });
  const options = { protocol: 'http', httpClient, maxNetworkRetries: 0, telemetry: false } as const;
  return {
    ...tee,
    clientOf: ({ host, port, secretKey }) => new Stripe(secretKey, { ...options, host, port }),
  };
}

export interface ProxyTee extends Conformance {
  /** To be used in place of the target's address, for instance as STRIPE_API_BASE of another process. */
  readonly url: string;
  stop(): Promise<void>;
}

/** An HTTP server in front of `target` (a base address) that repeats every API request to stripe-mock. */
export async function proxyToStripeMock(mock: StripeMock, target: string): Promise<ProxyTee> {
  const tee = createTee(mock);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { method = 'GET', url: path = '/' } = request;
    const headers = plain(request.headers);
    if (/^\/v[12]\//.test(path)) tee.repeat({ method, path, headers, body });
    const { host: _, connection: __, 'content-length': ___, ...passed } = headers;
    try {
      const answer = await fetch(target + path, {
        method,
        headers: passed,
        redirect: 'manual',
        ...(body === '' ? {} : { body }),
      });
      const answered = Object.fromEntries(answer.headers);
      delete answered['content-encoding'];
      delete answered['content-length'];
      response.writeHead(answer.status, answered).end(Buffer.from(await answer.arrayBuffer()));
    } catch (error) {
      response.writeHead(502).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    ...tee,
    url: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
