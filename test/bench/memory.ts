/** Memory of processes and all their descendants, as Linux tells it in /proc. */
import { readdir, readFile } from 'node:fs/promises';

export interface MemoryPeak {
  /** Sum of the resident sets: a shared page counts in each process. */
  readonly rssBytes: number;
  /** Sum of the proportional sets: a shared page counts once in all. */
  readonly pssBytes: number;
  readonly processes: number;
}

export interface MemoryWatch {
  /** Stops; returns the largest sums seen, each by itself. */
  stop(): Promise<MemoryPeak>;
}

/** Rarely, as summing up the pages of a large process stops it for some milliseconds. */
const intervalMs = 2000;

/** Samples the processes and their children until stopped. */
export function watchMemory(roots: readonly number[]): MemoryWatch {
  let peak: MemoryPeak = { rssBytes: 0, pssBytes: 0, processes: 0 };
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const now = await measure(roots);
      peak = {
        rssBytes: Math.max(peak.rssBytes, now.rssBytes),
        pssBytes: Math.max(peak.pssBytes, now.pssBytes),
        processes: Math.max(peak.processes, now.processes),
      };
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return peak;
    },
  };
}

async function measure(roots: readonly number[]): Promise<MemoryPeak> {
  const pids = await withDescendants(roots);
  const sizes: Awaited<ReturnType<typeof sizeOf>>[] = [];
  // One after the other, which leaves the other cores to the measured processes.
  for (const pid of pids) sizes.push(await sizeOf(pid));
  return {
    rssBytes: sizes.reduce((sum, { rss }) => sum + rss, 0),
    pssBytes: sizes.reduce((sum, { pss }) => sum + pss, 0),
    processes: pids.length,
  };
}

async function withDescendants(roots: readonly number[]): Promise<number[]> {
  const children = new Map<number, number[]>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      // proc(5): the command's name may itself hold parentheses; the parent is the second field after it.
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    }),
  );
  const found = [...roots];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

async function sizeOf(pid: number): Promise<{ rss: number; pss: number }> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) * 1024;
  return { rss: bytes('Rss'), pss: bytes('Pss') };
}

export const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
