/** An endpoint on this machine that does as a test says, and keeps what it got. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  readonly id: string;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** What it does with a request from now on. */
  answerWith(answer: Answer): void;
  stop(): Promise<void>;
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);

/** @param tls its certificate; without one it speaks plain HTTP */
export async function startReceiver(
  first: Answer = status(204),
  tls?: { readonly cert: string; readonly key: string },
): Promise<Receiver> {
  let answer = first;
  const received: Received[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({
      body: Buffer.concat(chunks).toString(),
      headers: request.headers,
      id: String(request.headers['webhook-id']),
    });
    answer(response, request);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    answerWith: (next) => {
      answer = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The event of a request, once a library of the receiver's own has verified its signature. */
export function verified({ body, headers }: Received, secret: string): { type: string; data: never } {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as never;
}
