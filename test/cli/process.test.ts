/** The command as a process, as a terminal or a script starts it. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { homeOf } from './command.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

let service: Service;
let home: string;
beforeAll(async () => {
  service = await startService();
  home = await homeOf(service);
});
afterAll(() => service?.stop());

/** Runs it with a pipe from which nobody reads for a while. */
async function pipe(program: string, args: readonly string[]): Promise<{ code: number; text: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: { ...process.env, TENANTRY_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const code = new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
  await new Promise((resolve) => child.stdout.once('readable', resolve));
  await delay(500);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  return { code: await code, text };
}

test('a document larger than a pipe holds arrives whole', async () => {
  const { id } = await addTenant(service.database, { owner: 'ada', slug: 'talkative' });
  await service.database.query(
    `insert into tenantry.audit (tenant_id, kind, message, audience)
     select $1, 'tenant.said', repeat('x', 1000), 'tenant' from generate_series(1, 300)`,
    [id],
  );
  const { code, text } = await pipe(join(root, 'cli/main.ts'), ['events', id, '--json']);
  expect(code).toBe(0);
  expect(text.length).toBeGreaterThan(4 * 65_536);
  expect((JSON.parse(text) as { entries: unknown[] }).entries).toHaveLength(300);
});

test('the program that the package installs is the command, and says its version', async () => {
  const installed = join(await mkdtemp(join(inject('runDir'), 'bin-')), 'tenantry');
  await symlink(join(root, manifest.bin.tenantry), installed);
  const { stdout } = await promisify(execFile)(process.execPath, [installed, '--version']);
  expect(stdout).toBe(`${manifest.version}\n`);
});
