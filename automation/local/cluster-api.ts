/** The few API calls that set up a local cluster, over one kept connection. */
import { Agent, request } from 'node:https';

export interface ClusterApi {
  /** Sends JSON and returns the status and the parsed answer; rejects only when there is no answer. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** Calls `onEvent` for each watch event until `signal` aborts; resolves when the server ends the watch. */
  watch(
    path: string,
    onEvent: (event: { type: string; object: unknown }) => void,
    signal: AbortSignal,
  ): Promise<void>;
  close(): void;
}

export function connectToCluster(server: string, authorityPem: string, token: string): ClusterApi {
  const agent = new Agent({ keepAlive: true, ca: authorityPem });
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  return {
    call(method, path, body) {
      return new Promise((resolve, reject) => {
        const sent = body === undefined ? undefined : JSON.stringify(body);
        const contentType = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
        const out = request(
          new URL(path, server),
          {
            method,
            agent,
            timeout: 10_000,
            headers: {
              ...headers,
              ...(sent ? { 'content-type': contentType, 'content-length': Buffer.byteLength(sent) } : {}),
            },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => chunks.push(chunk));
            answer.on('error', reject);
            answer.on('end', () =>
              resolve({
                status: answer.statusCode ?? 0,
                body: parse(Buffer.concat(chunks).toString('utf8')),
              }),
            );
          },
        );
        out.on('timeout', () => out.destroy(new Error('no answer within 10 s')));
        out.on('error', reject);
        out.end(sent);
      });
    },
    watch(path, onEvent, signal) {
      return new Promise((resolve, reject) => {
        const out = request(new URL(path, server), { agent, headers, signal }, (answer) => {
          let rest = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            const lines = (rest + chunk).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) if (line !== '') onEvent(JSON.parse(line));
          });
          answer.on('error', reject);
          answer.on('end', resolve);
        });
        out.on('error', reject);
        out.end();
      });
    },
    close: () => agent.destroy(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
