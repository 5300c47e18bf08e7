/** Loopback ports that stay the same from one start to the next as long as nobody else takes them. */

import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';

const loopback = '127.0.0.1';
/** Where the API listens: a port that is taken at any address counts as taken. */
export const everywhere = '0.0.0.0';

/** Whether a server could listen on the port right now. */
export function isPortFree(port: number, host: string = loopback): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export interface ReservedPort {
  readonly port: number;
  /** Releases it for its program. Safe to call twice. */
  release(): Promise<void>;
}

/**
 * Reserves the API's port until it is released: the wanted one, or the next free one unless exactly that one was asked for.
 * `log` gets a line when it is another.
 * @throws Error that says what to set when there is no free one
 */
export async function reservePort(
  wanted: { number: number; explicit: boolean },
  log: (line: string) => void,
): Promise<ReservedPort> {
  const first = await tryReserve(wanted.number);
  if (first) return first;
  if (wanted.explicit)
    throw new Error(`Port ${wanted.number} is taken by another program: set PORT to a free one.`);
  const last = Math.min(wanted.number + 99, 65_535);
  for (let port = wanted.number + 1; port <= last; port += 1) {
    const reserved = await tryReserve(port);
    if (!reserved) continue;
    log(`port ${wanted.number} is taken by another program; using ${port} (PORT chooses one)`);
    return reserved;
  }
  throw new Error(`Ports ${wanted.number} to ${last} are all taken: set PORT to a free one.`);
}

async function tryReserve(port: number): Promise<ReservedPort | undefined> {
  if (!(await isPortFree(port, everywhere))) return undefined;
  const server = await listen(port).catch(() => undefined);
  if (!server) return undefined;
  // It serves nobody yet.
  server.on('connection', (socket) => socket.destroy());
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  return {
    port,
    release: () => {
      server.close();
      return closed;
    },
  };
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port was given');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/**
 * Gives every name a port: the one it had last time (kept in `file`) if that is free, else a new one. Calls `moved`
 * for each name whose port had to change.
 */
export async function keptPorts<Name extends string>(
  file: string,
  names: readonly Name[],
  moved: (name: Name, from: number, to: number) => void = () => {},
): Promise<Record<Name, number>> {
  const kept = await readKept(file);
  const chosen: Partial<Record<Name, number>> = {};
  const open: Name[] = [];
  await Promise.all(
    names.map(async (name) => {
      const port = kept[name];
      if (port !== undefined && (await isPortFree(port))) chosen[name] = port;
      else open.push(name);
    }),
  );
  const fresh = await freePorts(open.length);
  open.forEach((name, index) => {
    const port = fresh[index] ?? 0;
    const before = kept[name];
    if (before !== undefined) moved(name, before, port);
    chosen[name] = port;
  });
  await writeFile(`${file}.new`, JSON.stringify({ ...kept, ...chosen }, null, 2));
  await rename(`${file}.new`, file);
  return chosen as Record<Name, number>;
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: loopback, exclusive: true }, () => resolve(server));
  });
}

async function readKept(file: string): Promise<Record<string, number>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, number] => Number.isInteger(entry[1])),
    );
  } catch {
    return {};
  }
}
