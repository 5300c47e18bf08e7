import { lookup, Resolver } from 'node:dns/promises';

/** Resolves a name to addresses; settles at the latest when the signal aborts. */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Resolves as every program on this machine does, so it knows the machine's own names. Each look-up holds one of the
 * process's few threads until the system answers; the signal ends only the waiting.
 */
export const resolveBySystem: Resolve = async (hostname, signal) => {
  const found = await orAborted(lookup(hostname, { all: true, verbatim: true }), signal);
  return found.map(({ address }) => address);
};

/**
 * Asks name servers directly, over sockets: a slow one holds no thread that other look-ups and files wait for.
 * @param servers such as 192.0.2.1:53; the machine's own when left out
 */
export function resolveAt(servers?: readonly string[]): Resolve {
  return async (hostname, signal) => {
    // One resolver per look-up, because cancelling a resolver ends all of its look-ups.
    const resolver = new Resolver({ timeout: 2_000, tries: 2 });
    if (servers) resolver.setServers(servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
      if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
      return [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** Asks the machine's name servers, but does not know the machine's own names. */
export const resolveByServers: Resolve = resolveAt();

/** Stops waiting when the signal aborts. The work itself cannot be cut off and goes on. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
