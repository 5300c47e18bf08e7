import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const source = join(import.meta.dirname, '../../automation/toolchain/bootstrap.mjs');
let root: string;
let installs: string;
let gate: string;
const children: ChildProcess[] = [];

// Stands for npm: notes each install, leaves half of it, and finishes when the gate opens.
const npm = `
import { appendFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
appendFileSync(process.env.FAKE_INSTALLS, process.argv.slice(2).join(' ') + '\\n');
console.log('noise of npm');
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/.bin', { recursive: true });
symlinkSync(process.execPath, 'node_modules/.bin/node');
const finish = () => writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: {} }));
const wait = () => existsSync(process.env.FAKE_GATE) ? finish() : setTimeout(wait, 20);
wait();
`;

const command = `
process.on('SIGINT', () => { console.log('interrupted'); setTimeout(() => process.exit(7), 300); });
console.log(JSON.stringify(process.argv.slice(2)));
if (process.argv[2] === 'wait') process.on('disconnect', () => { console.log('left alone'); process.exit(0); });
else process.exitCode = 3;
`;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tenantry-bootstrap-'));
  installs = join(root, 'installs.log');
  gate = join(root, 'gate');
  await mkdir(join(root, 'automation/toolchain'), { recursive: true });
  await mkdir(join(root, 'cli'), { recursive: true });
  await copyFile(source, join(root, 'automation/toolchain/bootstrap.mjs'));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(
    join(root, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, 'node_modules/x': { version: '1.0.0' } } }),
  );
  await writeFile(join(root, 'cli/main.ts'), command);
  await writeFile(join(root, 'npm-cli.js'), npm);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

function tenantry(...args: string[]) {
  const child = spawn(
    process.execPath,
    [join(root, 'automation/toolchain/bootstrap.mjs'), 'tenantry', ...args],
    {
      env: {
        PATH: process.env.PATH,
        npm_execpath: join(root, 'npm-cli.js'),
        FAKE_INSTALLS: installs,
        FAKE_GATE: gate,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  children.push(child);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  return { child, output, ended: once(child, 'close').then(([code]) => ({ code, ...output })) };
}

const installCount = async () => (await readFile(installs, 'utf8').catch(() => '')).split('\n').length - 1;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10);
}

describe('the bootstrap', () => {
  test('installs once, then runs the command with its arguments, exit code and nothing else on stdout', async () => {
    await writeFile(gate, '');
    const first = await tenantry('products', '--json').ended;
    expect(first).toMatchObject({ code: 3, stdout: '["products","--json"]\n' });
    expect(first.stderr).toContain('installing packages');
    expect(await tenantry('again').ended).toMatchObject({ code: 3, stdout: '["again"]\n', stderr: '' });
    expect(await readFile(installs, 'utf8')).toMatch(/^ci /);
    expect(await installCount()).toBe(1);
  });

  test('installs again when the lock file has changed', async () => {
    await writeFile(gate, '');
    await tenantry('a').ended;
    await writeFile(
      join(root, 'package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/y': { version: '2.0.0' } } }),
    );
    await tenantry('b').ended;
    expect(await installCount()).toBe(2);
  });

  test('takes packages that somebody has installed by hand, if they are the ones of the lock file', async () => {
    await writeFile(gate, '');
    await tenantry('a').ended;
    await rm(join(root, 'node_modules/.tenantry-lock-hash'));
    await writeFile(
      join(root, 'node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/x': { version: '1.0.0' } } }),
    );
    await tenantry('b').ended;
    expect(await installCount()).toBe(1);
  });

  test('redoes an install that was cut short', async () => {
    const first = tenantry('a');
    await until(async () => (await installCount()) === 1);
    await until(() =>
      access(join(root, 'node_modules/.bin/node')).then(
        () => true,
        () => false,
      ),
    );
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await writeFile(gate, '');
    expect((await tenantry('b').ended).code).toBe(3);
    expect(await installCount()).toBe(2);
  });

  test('installs once when two start at once', async () => {
    const both = [tenantry('a'), tenantry('b')];
    await until(() => both.some((one) => one.output.stderr.includes('waiting for another process')));
    await writeFile(gate, '');
    expect((await Promise.all(both.map((one) => one.ended))).map((end) => end.code)).toEqual([3, 3]);
    expect(await installCount()).toBe(1);
  });

  test('passes a Ctrl-C on once, however often it arrives, and gives the command’s exit code', async () => {
    await writeFile(gate, '');
    const running = tenantry('wait');
    await until(() => running.output.stdout.includes('wait'));
    running.child.kill('SIGINT');
    running.child.kill('SIGINT');
    const end = await running.ended;
    expect(end.code).toBe(7);
    expect(end.stdout.match(/interrupted/g)).toHaveLength(1);
  });

  test('lets the command know when it is killed itself', async () => {
    await writeFile(gate, '');
    const running = tenantry('wait');
    await until(() => running.output.stdout.includes('wait'));
    running.child.kill('SIGKILL');
    // Standard output closes when the command, too, has ended.
    expect((await running.ended).stdout).toContain('left alone');
  });

  test('ends the command when the npm that runs it is killed', async () => {
    await writeFile(gate, '');
    const bootstrap = join(root, 'automation/toolchain/bootstrap.mjs');
    const npmRun = spawn('/bin/sh', ['-c', `"${process.execPath}" "${bootstrap}" tenantry wait; true`], {
      env: {
        PATH: process.env.PATH,
        npm_execpath: join(root, 'npm-cli.js'),
        npm_lifecycle_event: 'start',
        FAKE_INSTALLS: installs,
        FAKE_GATE: gate,
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(npmRun);
    let output = '';
    npmRun.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await until(() => output.includes('wait'));
    npmRun.kill('SIGKILL');
    // Standard output closes when the last process that writes to it has ended.
    await once(npmRun.stdout, 'close');
  });
});
