import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { startKeyService } from '../../automation/local/keys.ts';
import type {
  FromRunner,
  OperationRequest,
  OperationResult,
  RunnerSettings,
} from '../../automation/stacks/protocol.ts';
import {
  createRunnerPool,
  RunnerNotStarted,
  type RunnerPool,
  type RunnerPoolOptions,
} from '../../automation/stacks/runners.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import { until } from '../support/wait.ts';
import { specOf } from '../tenants/specs.ts';

/*
 * Real runner processes with an engine that only initialises stacks. That of the tenant `hangs` never ends; it leaves
 * its process id in the file `hanging`.
 */

let home: string;
let settings: RunnerSettings;
beforeAll(() => {
  ({ home, settings } = fakeEngine(
    'runners',
    (home) => `case "$*" in
  *"stack init hangs"*) echo $$ > ${home}/hanging.new; mv ${home}/hanging.new ${home}/hanging; exec sleep 3600 ;;
  *"stack init"*) echo 'encryptedkey: none' > "Pulumi.$3.yaml" ;;
  *)
    if [ -e ${home}/hold ]; then
      echo $PPID > ${home}/starting.new; mv ${home}/starting.new ${home}/starting; exec sleep 3600
    fi
    echo v3.250.0 ;;
esac
`,
  ));
});

const releasers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const release of releasers.splice(0)) await release();
});

function pool(options: Partial<RunnerPoolOptions> = {}): RunnerPool {
  const made = createRunnerPool({ settings, size: 1, operationsPerRunner: 100, ...options });
  releasers.push(() => made.close());
  return made;
}

const init = (tenantId: string): OperationRequest => ({ kind: 'init', tenantIds: [tenantId] });
const limits = { timeoutMs: 200_000, permitMs: 200_000 };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runners that this process has started and that have not ended. */
function runnerProcesses(): number {
  return execFileSync('ps', ['-e', '-o', 'ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.trim().startsWith(`${process.pid} `) && line.includes('stacks/runner.ts')).length;
}

test('a runner that was killed before its operation is not handed to the next one', async () => {
  const runners = pool();
  const killed = await runners.acquire();
  const { processGroup } = killed.process;
  const waiting = runners.acquire();
  killed.kill('lease-lost');
  killed.release();
  const next = await waiting;
  expect(next.process.processGroup).not.toBe(processGroup);
  expect(await next.run(init('tenant'), limits)).toMatchObject({ outcome: 'succeeded' });
  next.release();
});

test('a runner is replaced after as many operations as it may run', async () => {
  const runners = pool({ operationsPerRunner: 1 });
  const groups: (number | null)[] = [];
  for (let operation = 0; operation < 2; operation += 1) {
    const runner = await runners.acquire();
    groups.push(runner.process.processGroup);
    expect(await runner.run(init('tenant'), limits)).toMatchObject({ outcome: 'succeeded' });
    runner.release();
  }
  expect(groups[0]).not.toBe(groups[1]);
  const last = await runners.acquire();
  await until(() => runnerProcesses() === 1, { what: 'one runner being left, as the pool has one place' });
  last.release();
});

/** Keeps runners from becoming ready. @returns lets those that start from then on become it */
function holdStarts(): () => void {
  const release = () => rmSync(join(home, 'hold'), { force: true });
  rmSync(join(home, 'starting'), { force: true });
  writeFileSync(join(home, 'hold'), '');
  releasers.push(async () => release());
  return release;
}

/** Waits for a runner that does not become ready, and kills it. */
async function killStarting(): Promise<void> {
  const sign = join(home, 'starting');
  await until(() => existsSync(sign), { what: 'a runner that starts' });
  const group = Number(readFileSync(sign, 'utf8'));
  rmSync(sign);
  process.kill(-group, 'SIGKILL');
}

test('a runner that dies while it starts is told to whoever waits for it, and another is started', async () => {
  const runners = pool({ operationsPerRunner: 1 });
  const first = await runners.acquire();
  await first.run(init('tenant'), limits);
  const release = holdStarts();
  first.release();
  // Its successor, for which nobody waits.
  await killStarting();
  await until(() => runners.busy === 0, { what: 'its end' });
  const refused = expect(runners.acquire()).rejects.toThrow(RunnerNotStarted);
  await killStarting();
  await refused;
  release();
  const next = await runners.acquire();
  expect(await next.run(init('tenant'), limits)).toMatchObject({ outcome: 'succeeded' });
  next.release();
});

test('a runner that never becomes ready is killed, and whoever waits for it is told', async () => {
  holdStarts();
  const runners = pool({ startTimeoutMs: 300 });
  for (let times = 0; times < 2; times += 1)
    await expect(runners.acquire()).rejects.toThrow('a runner process was not ready after 300 ms');
  expect(runnerProcesses()).toBe(0);
});

test('whoever waits for a runner of a pool that is closed is refused', async () => {
  const runners = pool();
  await runners.acquire();
  const refused = expect(runners.acquire()).rejects.toThrow('the runner pool is closed');
  await runners.close();
  await refused;
});

/** A runner without a worker's pool, ready to operate. */
async function loneRunner() {
  const stacks = new URL('../../automation/stacks/', import.meta.url);
  const child = fork(fileURLToPath(new URL('runner.ts', stacks)), {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', new URL('lean-sdk.ts', stacks).href],
  });
  const exited = once(child, 'exit');
  releasers.push(async () => void child.kill('SIGKILL'));
  child.send({ type: 'settings', settings, products: [] });
  const [ready] = (await once(child, 'message')) as [FromRunner];
  expect(ready).toEqual({ type: 'ready' });
  return { child, pid: child.pid ?? 0, exited };
}

/** Calls for an operation that never ends; resolves with its engine's process id. */
async function untilHanging(operate: () => void): Promise<number> {
  const sign = join(home, 'hanging');
  const before = existsSync(sign) ? readFileSync(sign, 'utf8') : '';
  operate();
  await until(() => existsSync(sign) && readFileSync(sign, 'utf8') !== before, { what: 'the engine' });
  return Number(readFileSync(sign, 'utf8'));
}

test('a runner whose permit runs out ends itself and its engine', async () => {
  const { child, pid, exited } = await loneRunner();
  child.send({ type: 'operate', request: init('hangs'), permitMs: 500 });
  expect(await exited).toEqual([null, 'SIGKILL']);
  await until(() => !isAlive(-pid), { what: 'the end of the process group' });
});

test('a runner that is stopped when its permit runs out is ended by its worker, and its engine with it', async () => {
  const runner = await pool().acquire();
  const group = runner.process.processGroup ?? 0;
  let running: Promise<OperationResult> | undefined;
  await untilHanging(() => {
    running = runner.run(init('hangs'), limits);
  });
  process.kill(-group, 'SIGSTOP');
  runner.permit(100);
  expect(await running).toMatchObject({ outcome: 'killed', why: 'permit-over' });
  expect(isAlive(-group)).toBe(false);
  runner.release();
});

test('a runner whose worker is gone ends itself and its engine', async () => {
  const { child, pid, exited } = await loneRunner();
  const engine = await untilHanging(() =>
    child.send({ type: 'operate', request: init('hangs'), permitMs: limits.permitMs }),
  );
  expect(isAlive(engine)).toBe(true);

  child.disconnect();
  expect(await exited).toEqual([null, 'SIGKILL']);
  await until(() => !isAlive(-pid), { what: 'the end of the process group' });
});

test('a stack whose initialisation was killed, before its settings were noted, with its lock or in the middle of a write, is initialised again', async () => {
  const keys = await startKeyService({ keyFile: join(home, 'keys.json') });
  releasers.push(keys.stop);
  vi.stubEnv('VAULT_SERVER_URL', keys.address);
  vi.stubEnv('VAULT_SERVER_TOKEN', keys.token);
  releasers.push(async () => void vi.unstubAllEnvs());
  const state = join(home, 'state');
  mkdirSync(state);
  const runner = await pool({
    settings: {
      ...settings,
      enginePath: inject('tools')['tenantry-engine'],
      backendUrl: pathToFileURL(state).href,
      secretsProvider: 'hashivault://tenantry',
      workDir: join(home, 'real'),
    },
  }).acquire();
  const [first, again] = [await runner.run(init('twice'), limits), await runner.run(init('twice'), limits)];
  expect([first, again]).toMatchObject([{ outcome: 'succeeded' }, { outcome: 'succeeded' }]);
  const keyOf = (result: typeof first) =>
    result.outcome === 'succeeded' && result.initialised?.twice?.encryptedkey;
  expect(keyOf(again)).toEqual(expect.any(String));
  expect(keyOf(again)).not.toBe(keyOf(first));
  if (again.outcome !== 'succeeded' || !again.initialised?.twice) throw new Error('there are no settings');
  const attributes = join(state, '.pulumi', 'stacks', 'tenantry', 'twice.json.attrs');
  expect(readFileSync(attributes, 'utf8')).not.toBe('');
  writeFileSync(attributes, '');
  const end: OperationRequest = {
    kind: 'destroy',
    spec: specOf('agents', 'free', { tenantId: 'twice' }),
    stackSettings: again.initialised.twice,
  };
  expect(await runner.run(end, limits)).toMatchObject({ outcome: 'succeeded' });
  const locks = join(state, '.pulumi', 'locks', 'organization', 'tenantry', 'locked');
  mkdirSync(locks, { recursive: true });
  writeFileSync(join(locks, 'killed.json'), JSON.stringify({ pid: 1, username: 'x', hostname: 'x' }));
  expect(await runner.run(init('locked'), limits)).toMatchObject({ outcome: 'succeeded' });
  expect(readdirSync(locks, { recursive: true })).toEqual([]);
  const many = await runner.run({ kind: 'init', tenantIds: ['one', 'two'] }, limits);
  expect(many).toMatchObject({
    initialised: {
      one: { encryptedkey: expect.any(String) },
      two: { encryptedkey: expect.any(String) },
    },
  });
  runner.release();
});
