import { lookup, Resolver } from 'node:dns/promises';

/** Names to addresses; an argument, as tests bring their own. Settles when the signal aborts, if not before. */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Asks as every program of this machine does, so it knows the machine's own names. Each look-up holds one of the
 * process's few threads until the system answers: nothing cuts that off, only the waiting for it.
 */
export const resolveBySystem: Resolve = async (hostname, signal) => {
  const found = await orAborted(lookup(hostname, { all: true, verbatim: true }), signal);
  return found.map(({ address }) => address);
};

/**
 * Asks name servers only, over sockets: one that takes its time holds no thread that other look-ups and files wait for.
 * @param servers such as 192.0.2.1:53; those that this machine asks when left out
 */
export function resolveAt(servers?: readonly string[]): Resolve {
  return async (hostname, signal) => {
    // One for each look-up, as cancelling ends all that a resolver is at.
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

/** The name servers that this machine asks, without its own names. */
export const resolveByServers: Resolve = resolveAt();

/** What cannot be cut off goes on, and nobody waits for it. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
