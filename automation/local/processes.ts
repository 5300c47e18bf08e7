/**
 * Child processes that never outlive their supervisor.
 *
 * Each child gets its own process group, so that Ctrl-C in a terminal reaches the supervisor alone, which stops them
 * in order. If the supervisor dies without a word (SIGKILL), two things keep its children from blocking the next
 * start: on Linux the kernel signals them (`setpriv --pdeathsig`), and everywhere a record of each child (pid and
 * start time, so that a reused pid is never mistaken for ours) lets the next start end what is left.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processStarted } from '../process-group.ts';
import { giveWay } from './give-way.ts';

export interface ProcessOptions {
  /** Names the record and the log file; unique within `runDir`. */
  name: string;
  command: string;
  args: readonly string[];
  /** Folder of the records; made when missing. */
  runDir: string;
  /** Standard output and error are appended here. */
  logFile: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Runs as this user; needs root. */
  user?: { uid: number; gid: number; keepFileAccess?: boolean };
  /** Gives way to others when the processors are busy, and so do its own children. */
  givesWay?: boolean;
  /** Sent first on stop (default SIGTERM). */
  stopSignal?: NodeJS.Signals;
  /** After this long the stop becomes SIGKILL (default 5000). */
  stopTimeoutMs?: number;
}

export interface OwnedProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly running: () => boolean;
  /** Ends it, by force after `stopTimeoutMs`, and removes its record. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

interface ProcessRecord {
  pid: number;
  startTime: string;
  command: string;
}

const setprivPath = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** Starts a child, records it and resolves as soon as it runs. Rejects when the program cannot be started. */
export async function startProcess(options: ProcessOptions): Promise<OwnedProcess> {
  await mkdir(options.runDir, { recursive: true });
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const log = openLog(options.logFile);
  const launch = withParentDeathSignal(options, stopSignal);
  const child = spawn(launch.command, launch.args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', log, log],
    ...(launch.user ? { uid: launch.user.uid, gid: launch.user.gid } : {}),
  });
  closeSync(log);
  const pid = await startedPid(child, options.name);
  if (options.givesWay) giveWay(pid);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve({ code: child.exitCode, signal: child.signalCode });
    else child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const recordFile = join(options.runDir, `${options.name}.json`);
  const startTime = processStarted(pid);
  if (startTime) {
    const record: ProcessRecord = { pid, startTime, command: options.command };
    await writeFile(`${recordFile}.new`, JSON.stringify(record));
    await rename(`${recordFile}.new`, recordFile);
  }
  const running = () => child.exitCode === null && child.signalCode === null;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      if (running()) {
        child.kill(stopSignal);
        const timer = setTimeout(() => child.kill('SIGKILL'), options.stopTimeoutMs ?? 5000);
        await exited;
        clearTimeout(timer);
      }
      await rm(recordFile, { force: true });
    })();
    return stopping;
  };
  return { name: options.name, pid, exited, running, stop };
}

/**
 * Ends every process that a record in `runDir` still describes, and removes the records.
 * @returns the names of those that had to be ended
 */
export async function endLeftovers(runDir: string): Promise<string[]> {
  const files = await readdir(runDir).catch(() => []);
  const ended = await Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .map(async (file) => {
        const path = join(runDir, file);
        const record = parseRecord(await readFile(path, 'utf8').catch(() => ''));
        const wasOurs = record !== undefined && (await endRecorded(record));
        await rm(path, { force: true });
        return wasOurs ? file.slice(0, -'.json'.length) : undefined;
      }),
  );
  return ended.filter((name) => name !== undefined);
}

const largestLogBytes = 20_000_000;

/** Opens a log for appending; one that has grown large becomes `<name>.old`. */
function openLog(file: string): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes)
    renameSync(file, `${file}.old`);
  return openSync(file, 'a', 0o600);
}

async function endRecorded(record: ProcessRecord): Promise<boolean> {
  const alive = () => processStarted(record.pid) === record.startTime;
  if (!alive()) return false;
  for (const [signal, waitMs] of [
    ['SIGTERM', 3000],
    ['SIGKILL', 5000],
  ] as const) {
    try {
      process.kill(record.pid, signal);
    } catch {
      return true;
    }
    const deadline = Date.now() + waitMs;
    while (alive() && Date.now() < deadline) await delay(20);
    if (!alive()) return true;
  }
  throw new Error(`process ${record.pid} (${record.command}) of an earlier run does not end`);
}

function parseRecord(text: string): ProcessRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, startTime, command } = value as Partial<Record<keyof ProcessRecord, unknown>>;
    if (typeof pid !== 'number' || typeof startTime !== 'string') return undefined;
    return { pid, startTime, command: String(command) };
  } catch {
    return undefined;
  }
}

/** Wraps the command so that the kernel signals the child when this process dies, where the system supports it. */
function withParentDeathSignal(options: ProcessOptions, stopSignal: NodeJS.Signals) {
  if (process.platform !== 'linux' || !setprivPath)
    return { command: options.command, args: [...options.args], user: options.user };
  const flags = ['--pdeathsig', stopSignal === 'SIGINT' ? 'INT' : 'KILL'];
  if (options.user) {
    flags.push('--reuid', String(options.user.uid), '--regid', String(options.user.gid), '--clear-groups');
    // The user may enter root's folders (a checkout in /root), as root itself may.
    if (options.user.keepFileAccess)
      flags.push('--inh-caps', '+dac_override', '--ambient-caps', '+dac_override');
  }
  return { command: setprivPath, args: [...flags, '--', options.command, ...options.args], user: undefined };
}

function startedPid(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${name} cannot be started: ${error.message}`)));
    child.once('spawn', () => {
      if (child.pid === undefined) reject(new Error(`${name} cannot be started`));
      else resolve(child.pid);
    });
  });
}
