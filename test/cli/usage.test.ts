import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { writeEndpoints } from '../../automation/local/home.ts';
import { command } from './command.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(inject('runDir'), 'cli-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('where nothing runs', () => {
  const notRunning = () =>
    `Tenantry is not running in ${home}. Start it with npm start, or name another home in TENANTRY_HOME.`;
  const commands = [
    ['products'],
    ['subscribe', 'workspace', 'byoc'],
    ['cancel', 'abcd1234'],
    ['tenants'],
    ['tenant', 'abcd1234'],
    ['events', 'abcd1234'],
    ['retry', 'abcd1234'],
    ['token'],
  ];

  test.each(commands)('%s says so in one sentence, exit code 3', async (...args) => {
    const outcome = await command(home, args);
    expect(outcome).toMatchObject({
      exitCode: 3,
      stdout: '',
      stderr: `${notRunning()}\n`,
    });
  });

  test.each(commands)('%s --json says so in one document', async (...args) => {
    const outcome = await command(home, [...args, '--json']);
    expect(outcome).toMatchObject({ exitCode: 3, stderr: '' });
    expect(outcome.json()).toEqual({
      error: { code: 'not_running', message: notRunning() },
    });
  });

  test('a service that crashed and left its endpoints is not running either', async () => {
    const crashed = join(home, 'crashed');
    await mkdir(crashed);
    await writeEndpoints(crashed, {
      api: 'http://127.0.0.1:9',
      stripe: 'http://127.0.0.1:9',
      kubeconfig: '',
      postgres: '',
      issuer: 'http://127.0.0.1:9',
      operatorToken: 'x',
    });
    expect((await command(crashed, ['tenants'])).exitCode).toBe(3);
    expect((await command(crashed, ['token', '--as', 'a@example.com'])).exitCode).toBe(3);
  });

  test('down has nothing to stop', async () => {
    const outcome = await command(home, ['down', '--json']);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.json()).toEqual({ home, stopped: false, deleted: false });
  });
});

describe('down --delete-state', () => {
  test('deletes nothing that is not a home of Tenantry', async () => {
    const other = join(home, 'precious');
    await mkdir(other);
    await writeFile(join(other, 'thesis.txt'), '');
    const outcome = await command(other, ['down', '--delete-state', '--yes', '--json']);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.json()).toMatchObject({ error: { code: 'not_a_home' } });
    await stat(join(other, 'thesis.txt'));
  });

  test('needs --yes where nobody can be asked, and then deletes the home', async () => {
    const old = join(home, 'old');
    await mkdir(join(old, 'run'), { recursive: true });
    await writeFile(join(old, 'lock'), '');
    expect(await command(old, ['down', '--delete-state'])).toMatchObject({ exitCode: 2 });
    await stat(old);
    expect(await command(old, ['down', '--delete-state', '--yes'])).toMatchObject({ exitCode: 0 });
    await expect(stat(old)).rejects.toThrow('ENOENT');
  });
});

describe('wrong use', () => {
  test.each([
    [['subscribr'], /unknown command 'subscribr'[\s\S]*Did you mean subscribe\?/],
    [['subscribe', 'workspace'], /missing required argument 'plan'/],
    [['subscribe', 'workspace', 'byoc', '--seats', '0'], /whole number from 1/],
    [['subscribe', 'workspace', 'byoc', '--timeout', 'soon'], /number of seconds above 0/],
    [['tenants', '--phase', 'sleeping'], /Allowed choices are pending, provisioning, active/],
    [['tenants', '--colour'], /unknown option '--colour'/],
    [['token', '--operator', '--as', 'a@example.com'], /cannot be used with/],
  ])('%j is explained, exit code 2', async (args, explanation) => {
    const outcome = await command(home, args);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toMatch(explanation);
    const asJson = await command(home, [...args, '--json']);
    expect(asJson).toMatchObject({ exitCode: 2, stderr: '' });
    expect(asJson.json()).toMatchObject({ error: { code: 'usage' } });
  });

  test('no command at all shows every command and the exit codes', async () => {
    const outcome = await command(home, []);
    expect(outcome.exitCode).toBe(0);
    for (const word of ['start', 'subscribe', 'doctor', 'Exit codes:'])
      expect(outcome.stdout).toContain(word);
  });
});
