/** Runs a command of the engine on a platform stack, with its output and its events. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';

export interface EngineCommand {
  /** Path of the `pulumi` program. */
  readonly pulumi: string;
  readonly arguments: readonly string[];
  /** Folder of `Pulumi.yaml`. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineRun {
  readonly succeeded: boolean;
  /** What it printed on its standard output and error. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the engine to its end. Cancelling interrupts it, like Ctrl-C. */
export async function runEngine(command: EngineCommand): Promise<EngineRun> {
  const child = spawn(command.pulumi, [...command.arguments], {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const interrupt = () => child.kill('SIGINT');
  command.signal?.addEventListener('abort', interrupt);
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return {
      succeeded: code === 0,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    };
  } finally {
    command.signal?.removeEventListener('abort', interrupt);
  }
}

/** Runs the engine with its log of events, which hides secrets. */
export async function runWithEvents(
  command: EngineCommand,
): Promise<{ readonly run: EngineRun; readonly events: readonly EngineEvent[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-events-'));
  try {
    const log = join(folder, 'events.json');
    const run = await runEngine({
      ...command,
      arguments: [...command.arguments, '--event-log', log],
      // Makes the engine accept the flag.
      env: { ...command.env, PULUMI_DEBUG_COMMANDS: 'true' },
    });
    const lines = await readFile(log, 'utf8').catch(() => '');
    const events = lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line, shownValue) as EngineEvent);
    return { run, events };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The wire form of values that cannot be shown (sdk/go/common/resource/plugin/rpc.go, sdk/go/common/resource/sig). */
const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const signature = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';

/** For `JSON.parse`: replaces secrets and unknown values by texts. */
function shownValue(_key: string, value: unknown): unknown {
  if (value === unknownValue) return '[unknown]';
  const isSecret =
    typeof value === 'object' && value !== null && signature in value && value[signature] === secretSignature;
  return isSecret ? '[secret]' : value;
}
