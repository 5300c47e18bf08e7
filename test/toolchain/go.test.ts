import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { formatDoctor, inspect } from '../../automation/toolchain/doctor.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { inspectGo, wantedGo } from '../../automation/toolchain/go.ts';
import { ensureTool } from '../../automation/toolchain/tools.ts';
import { type FakeGo, type FakeWorld, fakePin, fakeWorld } from './fake-tools.ts';

const modules = join(import.meta.dirname, '../../automation/toolchain/modules');
let world: FakeWorld;
afterEach(() => world?.remove());

async function envWith(go: FakeGo) {
  world = await fakeWorld(go);
  return readToolchainEnv({
    TENANTRY_CACHE: world.cache,
    TENANTRY_DOWNLOADS: 'off',
    HOME: world.root,
    PATH: world.goFolder,
  });
}

describe('the Go that builds tools', () => {
  test.each<[FakeGo, boolean, RegExp | null]>([
    [{ version: '1.26.0' }, true, null],
    [{ version: '1.27rc1' }, true, null],
    [{ version: '2.0.1', toolchain: 'local' }, true, null],
    [{ version: '1.25.4' }, true, /brings a newer one by itself/],
    [{ version: '1.21.0', toolchain: 'go1.22.1+auto' }, true, /brings a newer one by itself/],
    [{ version: '1.25.4', toolchain: 'go1.26.2' }, true, /brings a newer one by itself/],
    [{ version: '1.25.4', toolchain: 'local' }, false, /older than 1\.26, and GOTOOLCHAIN=local keeps it/],
    [{ version: '1.25.4', toolchain: 'go1.25.4' }, false, /GOTOOLCHAIN=go1\.25\.4 keeps it/],
    [{ version: '1.20.14', toolchain: '' }, false, /^it is older than 1\.26$/],
    [{ version: '' }, false, /does not say its version/],
  ])('%o fits: %s', async (go, fits, remark) => {
    const found = await inspectGo(await envWith(go));
    expect(found).toMatchObject({ path: join(world.goFolder, 'go'), version: go.version || null, fits });
    if (remark === null) expect(found?.remark).toBe(null);
    else expect(found?.remark).toMatch(remark);
  });

  test('is told of by the doctor, who asks for another where it is too old', async () => {
    const inspection = await inspect({ env: await envWith({ version: '1.20.14' }), pins: [fakePin()] });
    expect(inspection.ok).toBe(false);
    const text = formatDoctor(inspection);
    expect(text).toContain(`go 1.20.14 ${join(world.goFolder, 'go')}: it is older than 1.26\n`);
    expect(text).toMatch(/missing kwok .*\n\s+Install Go 1\.26 or newer/);
  });

  test('is not even tried where it is too old', async () => {
    const env = await envWith({ version: '1.25.4', toolchain: 'local' });
    const bringing = ensureTool('kwok', { env, pins: [fakePin()], modulesDir: world.modules });
    await expect(bringing).rejects.toThrow(
      /^kwok could not be downloaded, and the Go at .* \(1\.25\.4\) does not build it: .* GOTOOLCHAIN=local .*: install Go 1\.26 or newer/,
    );
    expect(await world.builds()).toEqual([]);
  });

  test('is what the modules ask for', async () => {
    const asked = await Promise.all(
      (await readdir(modules)).map(async (module) => readFile(join(modules, module, 'go.mod'), 'utf8')),
    );
    expect(asked.length).toBeGreaterThan(0);
    for (const text of asked) expect(/^go (\d+\.\d+)/m.exec(text)?.[1]).toBe(wantedGo);
  });
});
