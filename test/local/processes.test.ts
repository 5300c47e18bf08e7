import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { niceness } from '../../automation/local/give-way.ts';
import { takeHome, writeEndpoints } from '../../automation/local/home.ts';
import { keepRunning } from '../../automation/local/keep-running.ts';
import { freePorts, isPortFree, keptPorts, reservePort } from '../../automation/local/ports.ts';
import { endLeftovers, startProcess } from '../../automation/local/processes.ts';
import { processStarted } from '../../automation/process-group.ts';
import { until } from '../support/wait.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-processes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function launch(script: string, stopTimeoutMs = 5000, givesWay = false) {
  return startProcess({
    name: 'sample',
    command: '/bin/sh',
    args: ['-c', script],
    runDir: join(folder, 'run'),
    logFile: join(folder, 'sample.log'),
    stopTimeoutMs,
    givesWay,
  });
}

describe('a child process', () => {
  test('is recorded while it runs, and no longer when it was stopped', async () => {
    const child = await launch('echo hello; exec sleep 60');
    expect(await readdir(join(folder, 'run'))).toEqual(['sample.json']);
    await until(async () => (await readFile(join(folder, 'sample.log'), 'utf8')) !== '');
    await child.stop();
    expect(child.running()).toBe(false);
    expect(await readdir(join(folder, 'run'))).toEqual([]);
    expect(await readFile(join(folder, 'sample.log'), 'utf8')).toBe('hello\n');
  });

  test('that does not want to end is ended by force', async () => {
    const child = await launch('trap "" TERM; echo deaf; while :; do sleep 0.05; done', 200);
    while ((await readFile(join(folder, 'sample.log'), 'utf8')) === '') await delay(10);
    await child.stop();
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  test('that gives way runs below the others', async () => {
    const child = await launch('exec sleep 60', 5000, true);
    const other = await launch('exec sleep 60');
    expect(getPriority(child.pid)).toBe(niceness);
    expect(getPriority(other.pid)).toBe(getPriority());
    const group = (pid: number) => readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => null);
    const [its = null, others = null] = await Promise.all([group(child.pid), group(other.pid)]);
    expect([its, others]).toEqual(
      its === null
        ? [null, null]
        : [expect.stringContaining(`nice ${niceness}`), expect.stringContaining('nice 0')],
    );
    await Promise.all([child.stop(), other.stop()]);
  });

  test('left by an earlier run is ended by the next', async () => {
    const child = await launch('exec sleep 60');
    expect(await endLeftovers(join(folder, 'run'))).toEqual(['sample']);
    await child.exited;
    expect(await readdir(join(folder, 'run'))).toEqual([]);
  });

  test('that only has the pid of a recorded one is left alone', async () => {
    const stranger = spawn('sleep', ['60']);
    onTestFinished(() => void stranger.kill('SIGKILL'));
    await once(stranger, 'spawn');
    await launch('true');
    const record = join(folder, 'run/sample.json');
    await writeFile(
      record,
      JSON.stringify({ pid: stranger.pid, startTime: 'another time', command: 'sleep' }),
    );
    expect(await endLeftovers(join(folder, 'run'))).toEqual([]);
    expect(processStarted(stranger.pid ?? 0)).not.toBeNull();
  });

  test('starts again when it ends by itself, until it is stopped', async () => {
    const log: string[] = [];
    const again = () => launch('exec sleep 60');
    const kept = keepRunning(await launch('exit 3'), again, (line) => log.push(line));
    while (kept.restarts() < 1 || !kept.current().running()) await delay(10);
    expect(log[0]).toMatch(/sample ended \(3\); it starts again in 0.25 s/);
    const last = kept.current();
    await kept.stop();
    expect(last.running()).toBe(false);
    expect(kept.restarts()).toBe(1);
  });
});

describe('kept ports', () => {
  test('stay the same until somebody else takes one', async () => {
    const file = join(folder, 'ports.json');
    const first = await keptPorts(file, ['a', 'b']);
    expect(await keptPorts(file, ['a', 'b'])).toEqual(first);
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(first.a, '127.0.0.1', resolve));
    const moves: unknown[] = [];
    const next = await keptPorts(file, ['a', 'b'], (...move) => moves.push(move));
    expect(next.b).toBe(first.b);
    expect(next.a).not.toBe(first.a);
    expect(moves).toEqual([['a', first.a, next.a]]);
  });

  test('are all different', async () => {
    expect(new Set(await freePorts(20)).size).toBe(20);
  });

  test('begin anew over a damaged file', async () => {
    const file = join(folder, 'ports.json');
    await writeFile(file, '{"a": "no');
    expect((await keptPorts(file, ['a'])).a).toBeGreaterThan(0);
  });
});

describe('the home', () => {
  const endpoints = {
    api: 'http://127.0.0.1:8080',
    stripe: '',
    kubeconfig: '',
    postgres: '',
    issuer: '',
    operatorToken: null,
  };

  test('is taken over from one that is about to leave it', async () => {
    const first = await takeHome(folder);
    const said: string[] = [];
    const second = takeHome(folder, (line) => said.push(line));
    await until(() => said.length > 0);
    expect(said).toEqual(['waiting for another Tenantry that is starting or stopping in this home']);
    first.release();
    (await second).release();
  });

  test('is not taken from one that runs, nor waited for', async () => {
    const first = await takeHome(folder);
    await writeEndpoints(folder, endpoints);
    await expect(takeHome(folder)).rejects.toThrow(
      `Tenantry already runs with ${folder}: http://127.0.0.1:8080`,
    );
    first.release();
  });
});

describe('the port of the service', () => {
  const taken = async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  test('is the wanted one when that is free', async () => {
    const [port = 0] = await freePorts(1);
    const said: string[] = [];
    const reserved = await reservePort({ number: port, explicit: false }, (line) => said.push(line));
    expect(reserved.port).toBe(port);
    expect(said).toEqual([]);
    await reserved.release();
  });

  test('is nobody else’s until it is released', async () => {
    const [number = 0] = await freePorts(1);
    const first = await reservePort({ number, explicit: true }, () => {});
    const second = await reservePort({ number, explicit: false }, () => {});
    expect(second.port).toBeGreaterThan(number);
    await Promise.all([first.release(), second.release()]);
    await first.release();
    expect(await isPortFree(number)).toBe(true);
  });

  test('is a later one when the usual one is taken, and that is said', async () => {
    const number = await taken();
    const said: string[] = [];
    const { port, release } = await reservePort({ number, explicit: false }, (line) => said.push(line));
    onTestFinished(release);
    expect(port).toBeGreaterThan(number);
    expect(said).toEqual([`port ${number} is taken by another program; using ${port} (PORT chooses one)`]);
  });

  test('is never another than the one that was asked for', async () => {
    const number = await taken();
    await expect(reservePort({ number, explicit: true }, () => {})).rejects.toThrow(
      `Port ${number} is taken by another program: set PORT to a free one.`,
    );
  });
});
