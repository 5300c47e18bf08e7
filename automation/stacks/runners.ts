import { type ChildProcess, fork } from 'node:child_process';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LeaseProcess } from '../store/leases.ts';
import { endProcessGroup, killProcessGroup, processStarted } from './process-group.ts';
import type { FromRunner, OperationRequest, OperationResult, RunnerSettings, ToRunner } from './protocol.ts';

type KilledBecause = Extract<OperationResult, { outcome: 'killed' }>['why'];

/** A runner process that is reserved for the caller until it is released. */
export interface Runner {
  readonly process: LeaseProcess;
  /** Runs one operation; resolves also when the process is killed or dies, then only after it is gone. */
  run(request: OperationRequest, limits: { timeoutMs: number; permitMs: number }): Promise<OperationResult>;
  /** Passes on a renewal of the lease: the runner may write for so long. */
  permit(permitMs: number): void;
  /** Kills the process and all it started. */
  kill(why: KilledBecause): void;
  /** Gives the runner back to the pool. */
  release(): void;
}

export interface RunnerPool {
  /** Waits for a free runner. */
  acquire(): Promise<Runner>;
  /** Starts all runners, so that the first operation need not wait. */
  warmUp(): Promise<void>;
  readonly busy: number;
  /** Kills all runners. */
  close(): Promise<void>;
}

export interface RunnerPoolOptions {
  readonly settings: RunnerSettings;
  readonly size: number;
  /** A runner is replaced after so many operations: the SDK keeps a little of each. */
  readonly operationsPerRunner: number;
  /** The runners' environment; default this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

const runnerProgram = fileURLToPath(new URL('./runner.ts', import.meta.url));
const leanSdk = new URL('./lean-sdk.ts', import.meta.url).href;

export function createRunnerPool(options: RunnerPoolOptions): RunnerPool {
  const idle: RunnerProcess[] = [];
  const waiting: ((runner: RunnerProcess) => void)[] = [];
  let alive = 0;
  let closed = false;
  const all = new Set<RunnerProcess>();

  async function startRunner(): Promise<RunnerProcess> {
    alive += 1;
    const runner = new RunnerProcess(options);
    all.add(runner);
    runner.gone.then(() => {
      all.delete(runner);
      alive -= 1;
      const position = idle.indexOf(runner);
      if (position >= 0) idle.splice(position, 1);
      // The successor may be on its way already.
      if (waiting.length > 0 && alive < options.size && !closed) succeed();
    });
    await runner.ready;
    return runner;
  }

  /** Starts a runner in the place of one that ended. */
  function succeed(): void {
    startRunner().then(handOut, (error: unknown) => {
      // Closing the pool ends also those that were starting.
      if (!closed) throw error;
    });
  }

  function handOut(runner: RunnerProcess): void {
    const next = waiting.shift();
    if (next) next(runner);
    else idle.push(runner);
  }

  function release(runner: RunnerProcess): void {
    // One that was killed but has not ended yet serves nobody any more; whoever waits gets its successor.
    if (!runner.isAlive || runner.isDoomed) return;
    if (runner.operations >= options.operationsPerRunner) {
      runner.kill('stopped');
      if (waiting.length === 0 && !closed) succeed();
    } else {
      handOut(runner);
    }
  }

  return {
    async acquire() {
      if (closed) throw new Error('the runner pool is closed');
      const runner =
        idle.pop() ??
        (alive < options.size
          ? await startRunner()
          : await new Promise<RunnerProcess>((resolve) => waiting.push(resolve)));
      return {
        process: runner.process,
        run: (request, limits) => runner.run(request, limits),
        permit: (permitMs) => runner.send({ type: 'permit', permitMs }),
        kill: (why) => runner.kill(why),
        release: () => release(runner),
      };
    },
    async warmUp() {
      while (alive < options.size) handOut(await startRunner());
    },
    get busy() {
      return alive - idle.length;
    },
    async close() {
      closed = true;
      const ended = [...all].map((runner) => {
        runner.kill('stopped');
        return runner.gone;
      });
      await Promise.all(ended);
    },
  };
}

class RunnerProcess {
  readonly ready: Promise<void>;
  /** Resolves when no process of the group is left. */
  readonly gone: Promise<void>;
  operations = 0;
  isAlive = true;
  /** It was killed; `gone` follows. */
  isDoomed = false;
  readonly #child: ChildProcess;
  readonly #group: number;
  #killedBecause: KilledBecause = 'runner-died';
  #finish: ((result: OperationResult | null) => void) | undefined;

  constructor({ settings, env }: RunnerPoolOptions) {
    // Its own process group: killing the group ends the engine and its plugins as well.
    this.#child = fork(runnerProgram, {
      detached: true,
      ...(env && { env }),
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2', '--import', leanSdk],
    });
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('a runner process could not be started');
    this.#group = pid;
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.gone = exited.then(async () => {
      this.isAlive = false;
      await endProcessGroup(this.#group);
      this.#finish?.(null);
    });
    this.ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message: FromRunner) => {
        if (message.type === 'ready') resolve();
        else this.#finish?.(message.result);
      });
      void this.gone.then(() => reject(new Error('a runner process ended while it was starting')));
    });
    this.ready.catch(() => {});
    this.send({ type: 'settings', settings });
  }

  get process(): LeaseProcess {
    return { host: hostname(), processGroup: this.#group, processStarted: processStarted(this.#group) };
  }

  send(message: ToRunner): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  kill(why: KilledBecause): void {
    this.isDoomed = true;
    this.#killedBecause = why;
    killProcessGroup(this.#group);
  }

  async run(
    request: OperationRequest,
    limits: { timeoutMs: number; permitMs: number },
  ): Promise<OperationResult> {
    const startedAt = performance.now();
    this.operations += 1;
    const timeout = setTimeout(() => this.kill('timeout'), limits.timeoutMs);
    try {
      const result = await new Promise<OperationResult | null>((resolve) => {
        this.#finish = resolve;
        if (!this.isAlive) resolve(null);
        this.send({ type: 'operate', request, permitMs: limits.permitMs });
      });
      if (result) return result;
      return {
        outcome: 'killed',
        why: this.#killedBecause,
        durationMs: Math.round(performance.now() - startedAt),
      };
    } finally {
      this.#finish = undefined;
      clearTimeout(timeout);
    }
  }
}
