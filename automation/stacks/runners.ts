import { type ChildProcess, fork } from 'node:child_process';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { catalog } from '../../tenants/catalog/index.ts';
import { endProcessGroup, killProcessGroup, processStarted } from '../process-group.ts';
import type { LeaseProcess } from '../store/leases.ts';
import type { FromRunner, OperationRequest, OperationResult, RunnerSettings, ToRunner } from './protocol.ts';

type KilledBecause = Extract<OperationResult, { outcome: 'killed' }>['why'];

/** A runner process, reserved for the caller until released. */
export interface Runner {
  readonly process: LeaseProcess;
  /** Runs an operation. Also resolves when the process is killed or dies, but only after it is gone. */
  run(request: OperationRequest, limits: { timeoutMs: number; permitMs: number }): Promise<OperationResult>;
  /** Passes on a renewal of the lease: the running operation may write for this long. */
  permit(permitMs: number): void;
  /** Kills the process and everything it started. */
  kill(why: KilledBecause): void;
  /** Gives the runner back to the pool. */
  release(): void;
}

export interface RunnerPool {
  /**
   * Waits for a free runner.
   * @throws RunnerNotStarted when the intended one did not start; the pool starts another for the next caller
   */
  acquire(): Promise<Runner>;
  /** Starts all runners, so that the first operation need not wait. */
  warmUp(): Promise<void>;
  readonly busy: number;
  /** Kills all runners and rejects everybody who waits for one. */
  close(): Promise<void>;
}

export interface RunnerPoolOptions {
  readonly settings: RunnerSettings;
  readonly size: number;
  /** Replaces a runner after this many operations, because the SDK keeps a little of each. */
  readonly operationsPerRunner: number;
  /** Kills a runner that is not ready after this time. Starting takes about a second. Default a minute. */
  readonly startTimeoutMs?: number;
  /** The runners' environment; default this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

export class RunnerNotStarted extends Error {
  override readonly name = 'RunnerNotStarted';
}

const runnerProgram = fileURLToPath(new URL('./runner.ts', import.meta.url));
const leanSdk = new URL('./lean-sdk.ts', import.meta.url).href;

const usualStartTimeoutMs = 60_000;

/** How long the place of a runner that did not start stays empty, because its successor may fail, too. */
const startAgainMs = 1000;

export function createRunnerPool(options: RunnerPoolOptions): RunnerPool {
  const idle: RunnerProcess[] = [];
  const waiting: PromiseWithResolvers<RunnerProcess>[] = [];
  const all = new Set<RunnerProcess>();
  let taken = 0;
  let closed = false;

  /** Fills a place: one runner, from its start until no process of it is left. Never rejects. */
  async function fillPlace(): Promise<void> {
    taken += 1;
    try {
      await live(new RunnerProcess(options));
    } catch (error) {
      waiting.shift()?.reject(error);
      await delay(startAgainMs, undefined, { ref: false });
    }
    taken -= 1;
    // The successor may already be on its way.
    if (waiting.length > 0 && taken < options.size && !closed) void fillPlace();
  }

  async function live(runner: RunnerProcess): Promise<void> {
    all.add(runner);
    try {
      await runner.ready;
      handOut(runner);
      await runner.gone;
    } finally {
      all.delete(runner);
      const position = idle.indexOf(runner);
      if (position >= 0) idle.splice(position, 1);
    }
  }

  function handOut(runner: RunnerProcess): void {
    const next = waiting.shift();
    if (next) next.resolve(runner);
    else idle.push(runner);
  }

  function next(): Promise<RunnerProcess> {
    const place = Promise.withResolvers<RunnerProcess>();
    waiting.push(place);
    if (taken < options.size) void fillPlace();
    return place.promise;
  }

  function release(runner: RunnerProcess): void {
    // A killed runner that has not ended yet serves nobody. The next caller gets its successor.
    if (!runner.isAlive || runner.isDoomed) return;
    if (runner.operations >= options.operationsPerRunner) {
      runner.kill('stopped');
      if (!closed) void fillPlace();
    } else {
      handOut(runner);
    }
  }

  async function acquire(): Promise<Runner> {
    if (closed) throw poolClosed();
    const runner = idle.pop() ?? (await next());
    return {
      process: runner.process,
      run: (request, limits) => runner.run(request, limits),
      permit: (permitMs) => runner.permit(permitMs),
      kill: (why) => runner.kill(why),
      release: () => release(runner),
    };
  }

  return {
    acquire,
    async warmUp() {
      const warm: Runner[] = [];
      while (warm.length < options.size) warm.push(await acquire());
      for (const runner of warm) runner.release();
    },
    get busy() {
      return taken - idle.length;
    },
    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(poolClosed());
      const ended = [...all].map((runner) => {
        runner.kill('stopped');
        return runner.gone;
      });
      await Promise.all(ended);
    },
  };
}

const poolClosed = () => new Error('the runner pool is closed');

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
  #permitTimer: NodeJS.Timeout | undefined;

  constructor({ settings, env, startTimeoutMs = usualStartTimeoutMs }: RunnerPoolOptions) {
    // Its own process group: killing the group also ends the engine and its plugins.
    this.#child = fork(runnerProgram, {
      detached: true,
      ...(env && { env }),
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2', '--import', leanSdk],
    });
    const { pid } = this.#child;
    if (pid === undefined) {
      this.#child.on('error', () => {});
      throw new RunnerNotStarted('a runner process could not be made');
    }
    this.#group = pid;
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.gone = exited.then(async () => {
      this.isAlive = false;
      await endProcessGroup(this.#group);
      this.#finish?.(null);
    });
    const late = setTimeout(() => this.kill('timeout'), startTimeoutMs);
    this.ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message: FromRunner) => {
        if (message.type === 'result') this.#finish?.(message.result);
        else if (!this.isDoomed) resolve();
        clearTimeout(late);
      });
      void this.gone.then(() => {
        clearTimeout(late);
        const how =
          this.#killedBecause === 'timeout'
            ? `was not ready after ${startTimeoutMs} ms`
            : 'ended while it was starting';
        reject(new RunnerNotStarted(`a runner process ${how}`));
      });
    });
    this.send({ type: 'settings', settings, products: catalog });
  }

  get process(): LeaseProcess {
    return { host: hostname(), processGroup: this.#group, processStarted: processStarted(this.#group) };
  }

  send(message: ToRunner): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  permit(permitMs: number): void {
    if (!this.#finish) return;
    this.#killAfter(permitMs);
    this.send({ type: 'permit', permitMs });
  }

  /** A runner ends itself when its permit runs out, unless it is stopped or busy; its engine would go on. */
  #killAfter(permitMs: number): void {
    clearTimeout(this.#permitTimer);
    this.#permitTimer = setTimeout(() => this.kill('permit-over'), permitMs);
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
        this.#killAfter(limits.permitMs);
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
      clearTimeout(this.#permitTimer);
    }
  }
}
