import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { ensureTool, findTool, ToolError } from '../../automation/toolchain/tools.ts';
import { type FakeGo, type FakeWorld, fakePin, fakeProgram, fakeWorld } from './fake-tools.ts';

const pins = [fakePin()];
const worlds: FakeWorld[] = [];

async function world(go?: FakeGo): Promise<FakeWorld> {
  const made = await fakeWorld(go);
  worlds.push(made);
  return made;
}

function optionsOf(of: FakeWorld, variables: Record<string, string> = {}) {
  const env = readToolchainEnv({
    TENANTRY_CACHE: of.cache,
    PATH: '/usr/bin:/bin',
    HOME: of.root,
    ...variables,
  });
  return { env, pins, modulesDir: of.modules };
}

function bringInProcess(of: FakeWorld) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bring-tool.ts'), of.modules], {
    env: { TENANTRY_CACHE: of.cache, PATH: `${of.goFolder}:/usr/bin:/bin`, HOME: of.root },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, output: output.trim() })) };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((made) => made.remove()));
});

describe('the search for a tool', () => {
  test('takes the variable before PATH, PATH before the cache, and the cache before a build', async () => {
    const w = await world();
    const cached = await fakeProgram(join(w.cache, 'tools/fake/1.2.3/kwok'), '1.2.3');
    const onPath = await fakeProgram(join(w.root, 'path/kwok'), '1.2.9');
    const chosen = await fakeProgram(join(w.root, 'chosen/kwok'), '7.0.0');
    const path = `${join(w.root, 'path')}:${w.goFolder}:/usr/bin:/bin`;
    expect(await ensureTool('kwok', optionsOf(w, { PATH: path, TENANTRY_TOOL_KWOK: chosen }))).toEqual({
      name: 'kwok',
      path: chosen,
      version: '7.0.0',
      source: 'variable',
    });
    expect(await ensureTool('kwok', optionsOf(w, { PATH: path }))).toMatchObject({
      path: onPath,
      source: 'path',
    });
    expect(await ensureTool('kwok', optionsOf(w))).toMatchObject({ path: cached, source: 'cache' });
    expect(await w.builds()).toEqual([]);
  });

  test('passes by a version on PATH that does not fit', async () => {
    const w = await world();
    await fakeProgram(join(w.root, 'path/kwok'), '1.1.0');
    expect(await findTool('kwok', optionsOf(w, { PATH: join(w.root, 'path') }))).toBeUndefined();
  });

  test('refuses a variable that names no program, and says which', async () => {
    const w = await world();
    const wrong = optionsOf(w, { TENANTRY_TOOL_KWOK: join(w.root, 'nothing') });
    await expect(findTool('kwok', wrong)).rejects.toThrow(/TENANTRY_TOOL_KWOK names .*nothing/);
  });

  test('builds what is nowhere, into the cache', async () => {
    const w = await world();
    const options = optionsOf(w, { PATH: `${w.goFolder}:/usr/bin:/bin` });
    const path = join(w.cache, 'tools/fake/1.2.3/kwok');
    expect(await ensureTool('kwok', options)).toEqual({
      name: 'kwok',
      path,
      version: '1.2.3',
      source: 'build',
    });
    expect(await ensureTool('kwok', options)).toMatchObject({ path, source: 'cache' });
    expect(await w.builds()).toHaveLength(1);
  });

  test('says in one sentence what to install when there is no Go and no download', async () => {
    const w = await world();
    const refused = await ensureTool('kwok', optionsOf(w)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ToolError);
    expect(String(refused)).toMatch(/install Go 1\.26 or newer/);
    expect(String(refused)).not.toContain('\n');
  });

  test('does not keep a new program that does not run', async () => {
    const w = await world({ broken: true });
    const options = optionsOf(w, { PATH: `${w.goFolder}:/usr/bin:/bin` });
    await expect(ensureTool('kwok', options)).rejects.toThrow(/does not run/);
    expect(await readdir(join(w.cache, 'tools/fake'))).toEqual(['lock']);
  });
});

test('npm test says in one sentence that tools cannot be had, and does nothing else', async () => {
  const w = await world();
  const child = spawn(process.execPath, [join(import.meta.dirname, '../run.ts')], {
    env: { TENANTRY_CACHE: w.cache, TENANTRY_DOWNLOADS: 'off', HOME: w.root, PATH: '/nowhere' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [out, said, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  expect(said).toMatch(
    /^tenantry: .* could not be downloaded, and there is no Go .*: install Go 1\.26 .*\n$/,
  );
  expect([out, code]).toEqual(['0 passed, 1 failed\n', 1]);
});

describe('bringing a tool', () => {
  test('builds once when two processes want it at once', async () => {
    const w = await world({ waits: true });
    const both = [bringInProcess(w), bringInProcess(w)];
    await until(async () => (await w.builds()).length > 0);
    await w.letBuildsEnd();
    const ends = await Promise.all(both.map((one) => one.ended));
    expect(ends.map((end) => end.output).sort()).toEqual(['build', 'cache']);
    expect(await w.builds()).toHaveLength(1);
  });

  test('leaves no half-written tool and no lock when it is killed', async () => {
    const w = await world({ waits: true });
    const first = bringInProcess(w);
    await until(async () => (await w.builds()).length > 0);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(await findTool('kwok', optionsOf(w))).toBeUndefined();
    await w.letBuildsEnd();
    expect(await bringInProcess(w).ended).toEqual({ code: 0, output: 'build' });
    expect(await readdir(join(w.cache, 'tools/fake'))).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/partial/)]),
    );
  });

  test('ends its compiler when it is interrupted', async () => {
    const w = await world({ waits: true });
    const first = bringInProcess(w);
    await until(async () => (await w.builds()).length > 0);
    const compiler = Number((await w.builds())[0]?.split(' ')[1]);
    expect(isAlive(compiler)).toBe(true);
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    await until(async () => !isAlive(compiler));
  });
});
