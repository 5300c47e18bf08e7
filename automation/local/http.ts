/** Serves a fetch handler on 127.0.0.1. */
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';

export interface LoopbackServer {
  /** Without a trailing slash. */
  url: string;
  port: number;
  /** Stops listening and cuts open connections. */
  stop(): Promise<void>;
}

/**
 * Listens on the port, or on a free one. Refuses requests for any host name but this machine's, so that no web page
 * reaches the server through a name of its own (DNS rebinding).
 */
export function listenOnLoopback(
  handler: (request: Request) => Response | Promise<Response>,
  port = 0,
): Promise<LoopbackServer> {
  const guarded = (request: Request) => {
    const { hostname } = new URL(request.url);
    return hostname === '127.0.0.1' || hostname === 'localhost'
      ? handler(request)
      : new Response('Unknown host\n', { status: 421 });
  };
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: guarded, hostname: '127.0.0.1', port }, (address) => {
      server.off('error', reject);
      resolve({
        url: `http://127.0.0.1:${address.port}`,
        port: address.port,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped());
            (server as Server).closeAllConnections();
          }),
      });
    });
    server.once('error', reject);
  });
}
