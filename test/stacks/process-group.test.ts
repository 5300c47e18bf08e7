import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { endProcessGroup, killProcessGroup, processStarted } from '../../automation/process-group.ts';
import { until } from '../support/wait.ts';

/** A leader with a child of its own, both deaf to polite signals. */
async function startGroup(): Promise<{ leader: number; child: number }> {
  const script = `process.on('SIGTERM', () => {});
    const child = require('node:child_process').spawn(process.execPath,
      ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')"], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => console.log(child.pid));
    setInterval(() => {}, 1000);`;
  const leader = spawn(process.execPath, ['-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = leader.pid ?? 0;
  onTestFinished(() => killProcessGroup(pid));
  const [line] = (await once(createInterface({ input: leader.stdout }), 'line')) as [string];
  return { leader: pid, child: Number(line) };
}

test('a group is ended with all that its leader started', async () => {
  const { leader, child } = await startGroup();
  expect(processStarted(child)).not.toBeNull();
  await endProcessGroup(leader);
  await until(() => processStarted(leader) === null && isDead(child));
});

test('what a dead leader left of its group is ended too', async () => {
  const { leader, child } = await startGroup();
  process.kill(leader, 'SIGKILL');
  await until(() => isDead(leader));
  expect(isDead(child)).toBe(false);
  await endProcessGroup(leader);
  await until(() => isDead(child));
});

test('a group that is gone is no error', async () => {
  const { leader } = await startGroup();
  await endProcessGroup(leader);
  await until(() => processStarted(leader) === null);
  killProcessGroup(leader);
  await endProcessGroup(leader);
});

test('the time of a start stays the same for one process and tells two apart', async () => {
  const first = processStarted(process.pid);
  expect(first).toMatch(/^\d+$|\w/);
  expect(processStarted(process.pid)).toBe(first);
  const { leader } = await startGroup();
  expect(processStarted(leader)).not.toBe(first);
  expect(processStarted(2 ** 30)).toBeNull();
});

/** Gone, or a zombie that nobody has reaped. */
function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
