/** Builds tools from the pinned Go modules. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { link, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { ToolchainEnv } from './env.ts';
import { findGo, inspectGo } from './go.ts';
import type { ToolPin } from './pins.ts';

const run = promisify(execFile);
const reportEveryMs = 10_000;
/** One build at a time: Go itself keeps every processor busy, and two at once would compile much twice. */
let lastBuild: Promise<unknown> = Promise.resolve();

function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = lastBuild.then(work, work);
  lastBuild = turn;
  return turn;
}

/** Why nothing can be built here, as half a sentence; undefined when there is a Go that will do. */
export async function missingGo(env: ToolchainEnv): Promise<string | undefined> {
  const go = await inspectGo(env);
  if (go === undefined) return 'there is no Go to build it with';
  return go.fits
    ? undefined
    : `the Go at ${go.path} (${go.version ?? 'of no version'}) does not build it: ${go.remark}`;
}

/** Builds tools of one module into `folder`; returns each one's path there. */
export async function buildTools(
  moduleDir: string,
  wanted: readonly ToolPin[],
  folder: string,
  env: ToolchainEnv,
  onProgress: (line: string) => void,
): Promise<Array<[ToolPin, string]>> {
  const go = await findGo(env);
  if (go === undefined) throw new Error('there is no Go');
  const goEnv = {
    // Go's compiler collects less of its garbage with more memory, which takes a fifth less processor time (measured).
    GOGC: '400',
    ...env.processEnv,
    CGO_ENABLED: '0',
    GOFLAGS: `${env.processEnv.GOFLAGS ?? ''} -mod=readonly`.trim(),
    GOWORK: 'off',
  };
  const names = wanted.map((pin) => pin.name).join(', ');
  // Go first fetches the sources, which can go on while another module is built.
  const fetching = sayEvery(onProgress, () => `fetching the sources of ${names}`);
  const total = await countPackages(go, moduleDir, wanted, goEnv).finally(fetching.end);
  return inTurn(() =>
    buildModule({ go, goEnv, moduleDir, wanted, total, out: join(folder, 'bin'), onProgress }),
  );
}

async function buildModule(build: {
  go: string;
  goEnv: NodeJS.ProcessEnv;
  moduleDir: string;
  wanted: readonly ToolPin[];
  /** Packages to compile, where known. */
  total: number | undefined;
  out: string;
  onProgress: (line: string) => void;
}): Promise<Array<[ToolPin, string]>> {
  const { go, goEnv, moduleDir, wanted, total, out, onProgress } = build;
  const names = wanted.map((pin) => pin.name).join(', ');
  const begun = Date.now();
  onProgress(`building ${names} with Go`);
  await mkdir(out, { recursive: true });
  let done = 0;
  // Tools with the same stamp share one command, so that Go keeps all processors busy to the end.
  for (const group of Map.groupBy(wanted, (pin) => `${pin.tags ?? ''} ${pin.stamp}`).values()) {
    const [first] = group;
    const flags = ['-v', '-trimpath', '-buildvcs=false'];
    // No debug information: the linker would drop it, and a compiler that writes none is a tenth faster.
    flags.push('-gcflags=all=-dwarf=false', '-ldflags', `-s -w ${first?.stamp ?? ''}`.trim());
    if (first?.tags !== undefined) flags.push('-tags', first.tags);
    let packages = 0;
    const telling = sayEvery(
      onProgress,
      () => `building ${names}: ${done + packages}${total === undefined ? '' : ` of ${total}`} packages`,
    );
    await runGo(go, ['build', ...flags, '-o', `${out}/`, ...packagesOf(group)], {
      cwd: moduleDir,
      env: goEnv,
      onPackage: () => {
        packages += 1;
      },
    }).finally(telling.end);
    done += packages;
  }
  onProgress(`built ${names} in ${Math.round((Date.now() - begun) / 1000)} s`);
  return Promise.all(
    wanted.map(async (pin): Promise<[ToolPin, string]> => {
      if (pin.partOf === undefined) return [pin, join(out, binaryName(pin.package))];
      const named = join(out, pin.name);
      await link(join(out, binaryName(pin.partOf)), named);
      return [pin, named];
    }),
  );
}

function packagesOf(wanted: readonly ToolPin[]): string[] {
  return [...new Set(wanted.map((pin) => pin.partOf ?? pin.package))];
}

/** Reports what is happening, and for how long already, every ten seconds until the end. */
function sayEvery(onProgress: (line: string) => void, what: () => string): { end: () => void } {
  const begun = Date.now();
  const timer = setInterval(
    () => onProgress(`${what()} (${Math.round((Date.now() - begun) / 1000)} s)`),
    reportEveryMs,
  );
  return { end: () => clearInterval(timer) };
}

/** Go names a program after the last part of its package's path that is not a major version. */
function binaryName(packagePath: string): string {
  const last = basename(packagePath);
  return /^v\d+$/.test(last) ? basename(packagePath.slice(0, -last.length - 1)) : last;
}

async function countPackages(
  go: string,
  cwd: string,
  wanted: readonly ToolPin[],
  env: NodeJS.ProcessEnv,
): Promise<number | undefined> {
  try {
    const tags = [...new Set(wanted.flatMap((pin) => pin.tags ?? []))].join(',');
    const { stdout } = await run(go, ['list', '-deps', '-tags', tags, ...packagesOf(wanted)], {
      cwd,
      env,
      maxBuffer: 64e6,
    });
    return stdout.trim().split('\n').length;
  } catch {
    // The build itself will report the problem.
    return undefined;
  }
}

interface GoRun {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Called for each compiled package. */
  onPackage: () => void;
}

/** Runs Go to its end. */
function runGo(go: string, args: readonly string[], options: GoRun): Promise<void> {
  return new Promise((resolve, reject) => {
    let child: ChildProcessByStdio<null, null, Readable> | undefined;
    const end = () => {
      try {
        if (child?.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      } catch {
        // It has already ended.
      }
    };
    const interrupt = (signal: NodeJS.Signals) => {
      end();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    // Before it starts, as a signal may come at once.
    process.once('exit', end);
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    // A group of its own, so that ending it also ends the compilers below it.
    child = spawn(go, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const tail: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      tail.push(line);
      if (tail.length > 20) tail.shift();
      // Every line of `go build -v` is an import path, except errors.
      if (!/[\s:]/.test(line)) options.onPackage();
    });
    const settle = () => {
      process.off('exit', end);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code, signal) => {
      settle();
      if (code === 0) resolve();
      else
        reject(new Error(`go ${args[0]} in ${options.cwd} failed (${code ?? signal}):\n${tail.join('\n')}`));
    });
  });
}
