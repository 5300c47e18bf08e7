/** `doctor` as in a terminal: a process, its one document, its exit code. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { toolVariable } from '../../automation/toolchain/env.ts';
import { type ToolName, toolNames } from '../../automation/toolchain/pins.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

async function doctor(variables: NodeJS.ProcessEnv) {
  const home = join(inject('runDir'), 'doctor');
  const child = spawn(process.execPath, [main, 'doctor', '--json'], {
    env: {
      HOME: home,
      TENANTRY_CACHE: join(home, 'cache'),
      TENANTRY_DOWNLOADS: 'off',
      PATH: '',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [document, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { exitCode, inspection: JSON.parse(document) };
}

test('doctor succeeds where every tool is, and says where', async () => {
  const tools = inject('tools');
  const named = Object.fromEntries(toolNames.map((name) => [toolVariable(name), tools[name]]));
  const { exitCode, inspection } = await doctor({ ...named, CHROMIUM_PATH: process.execPath });
  expect(inspection).toMatchObject({ ok: true, go: null, chromium: { path: process.execPath, found: true } });
  const found = inspection.tools.map((tool: { name: ToolName; found: { path: string } }) => [
    tool.name,
    tool.found.path,
  ]);
  expect(Object.fromEntries(found)).toEqual(tools);
  expect(exitCode).toBe(0);
});

test('doctor fails where tools are missing and cannot be had', async () => {
  const { exitCode, inspection } = await doctor({ CHROMIUM_PATH: '/nowhere/chromium' });
  expect(inspection).toMatchObject({ ok: false, chromium: { found: false } });
  expect(inspection.tools[0]).toMatchObject({
    found: null,
    advice: expect.stringMatching(/^Install Go 1\.26 or newer/),
  });
  expect(exitCode).toBe(1);
});
