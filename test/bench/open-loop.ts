/** Requests at a steady rate, whatever happened to the previous ones: as customers send them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Pool } from 'undici';

/** More than ever wait for an answer. */
const connections = 64;

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Statuses that count as an answer. */
  readonly expected: readonly number[];
}

export interface Loop {
  /** From the time at which a request was to be sent, in the order of the requests. */
  readonly latencies: number[];
  /** Requests without an expected answer. */
  readonly refused: number;
  /** How late the sender itself was at most. */
  readonly lateMs: number;
}

/** Sends each request when its time has come. */
export async function openLoop(url: string, requests: readonly Request[], perSecond: number): Promise<Loop> {
  const pool = new Pool(url, { connections });
  const latencies: number[] = [];
  let refused = 0;
  let lateMs = 0;
  const send = async ({ expected, body, ...request }: Request, index: number, dueAt: number) => {
    lateMs = Math.max(lateMs, performance.now() - dueAt);
    try {
      const answer = await pool.request({ ...request, ...(body !== undefined && { body }) });
      await answer.body.dump();
      if (!expected.includes(answer.statusCode)) refused += 1;
    } catch {
      refused += 1;
    }
    latencies[index] = performance.now() - dueAt;
  };
  const begun = performance.now() + 100;
  const sending: Promise<void>[] = [];
  for (const [index, request] of requests.entries()) {
    const dueAt = begun + (index * 1000) / perSecond;
    const waitMs = dueAt - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sending.push(send(request, index, dueAt));
  }
  await Promise.all(sending);
  await pool.close();
  return { latencies, refused, lateMs };
}

/** Starts a process that does nothing but answer: what machine and sender cost. */
export async function startBareServer(): Promise<{ url: string; stop: () => void }> {
  const child = fork(join(import.meta.dirname, 'bare-server.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [port] = (await once(child, 'message')) as [number];
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill() };
}
