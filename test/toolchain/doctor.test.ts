import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { formatDoctor, inspect } from '../../automation/toolchain/doctor.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { resolveProviderPlugin } from '../../automation/toolchain/plugins.ts';
import { type FakeWorld, fakePin, fakeProgram, fakeWorld } from './fake-tools.ts';

let world: FakeWorld;
afterEach(() => world.remove());

function envOf(variables: Record<string, string> = {}) {
  return readToolchainEnv({
    TENANTRY_CACHE: world.cache,
    TENANTRY_DOWNLOADS: 'off',
    HOME: world.root,
    PATH: '/usr/bin:/bin',
    ...variables,
  });
}

describe('doctor', () => {
  test('tells where a tool was found and what on PATH was not used', async () => {
    world = await fakeWorld();
    const cached = await fakeProgram(join(world.cache, 'tools/fake/1.2.3/kwok'), '1.2.3');
    const old = await fakeProgram(join(world.root, 'path/kwok'), '0.9.0');
    const inspection = await inspect({ env: envOf({ PATH: join(world.root, 'path') }), pins: [fakePin()] });
    expect(inspection.ok).toBe(true);
    const text = formatDoctor(inspection);
    expect(text).toContain(`kwok 1.2.3 ${cached} (cache)`);
    expect(text).toContain(`not used: ${old}, version 0.9.0`);
    expect(text).toMatch(/kubernetes provider: embedded; .*not installed/);
  });

  test('says what to install when a tool can neither be fetched nor built', async () => {
    world = await fakeWorld();
    const inspection = await inspect({ env: envOf(), pins: [fakePin()] });
    expect(inspection.ok).toBe(false);
    expect(formatDoctor(inspection)).toMatch(/missing kwok .*\n\s+Install Go 1\.26 .*TENANTRY_TOOL_KWOK/);
  });

  test('has nothing to ask for when Go can build what is missing', async () => {
    world = await fakeWorld();
    const inspection = await inspect({ env: envOf({ PATH: world.goFolder }), pins: [fakePin()] });
    expect(inspection.ok).toBe(true);
    expect(formatDoctor(inspection)).toContain('it is built with Go at the next start');
  });

  test('names a variable that is wrong', async () => {
    world = await fakeWorld();
    const env = envOf({ TENANTRY_TOOL_KWOK: '/nowhere/kwok' });
    const inspection = await inspect({ env, pins: [fakePin()] });
    expect(inspection.ok).toBe(false);
    expect(formatDoctor(inspection)).toContain('TENANTRY_TOOL_KWOK names /nowhere/kwok');
  });
});

describe('the choice of a provider', () => {
  test('is the official plugin where it is installed, in the version of the SDK', async () => {
    world = await fakeWorld();
    const { version } = await resolveProviderPlugin('kubernetes', { env: envOf() });
    const folder = join(world.root, '.pulumi/plugins', `resource-kubernetes-v${version}`);
    const path = await fakeProgram(join(folder, 'pulumi-resource-kubernetes'), version);
    expect(await resolveProviderPlugin('kubernetes', { env: envOf() })).toMatchObject({
      kind: 'official',
      path,
    });
    const embedded = envOf({ TENANTRY_KUBERNETES_PROVIDER: 'embedded' });
    expect(await resolveProviderPlugin('kubernetes', { env: embedded })).toMatchObject({
      kind: 'embedded',
      reason: 'TENANTRY_KUBERNETES_PROVIDER asks for it',
    });
  });

  test('passes by a plugin of another version', async () => {
    world = await fakeWorld();
    const folder = join(world.root, '.pulumi/plugins/resource-random-v0.0.1');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'pulumi-resource-random'), '', { mode: 0o755 });
    expect(await resolveProviderPlugin('random', { env: envOf() })).toMatchObject({
      kind: 'embedded',
    });
  });

  test('fails with what to run when only the official one will do and it cannot be had', async () => {
    world = await fakeWorld();
    const official = envOf({ TENANTRY_KUBERNETES_PROVIDER: 'official' });
    await expect(resolveProviderPlugin('random', { env: official })).rejects.toThrow(
      /pulumi plugin install resource random .* TENANTRY_RANDOM_PROVIDER=auto/,
    );
  });

  test('is one for both, or one for each', async () => {
    world = await fakeWorld();
    const modesOf = (kubernetes: string, random: string) =>
      envOf({ TENANTRY_KUBERNETES_PROVIDER: kubernetes, TENANTRY_RANDOM_PROVIDER: random }).providerModes;
    expect(modesOf('', '')).toEqual({ kubernetes: 'auto', random: 'auto' });
    expect(modesOf('embedded', '')).toEqual({ kubernetes: 'embedded', random: 'embedded' });
    expect(modesOf('embedded', 'official')).toEqual({ kubernetes: 'embedded', random: 'official' });
    expect(() => modesOf('auto', 'mine')).toThrow(
      'TENANTRY_RANDOM_PROVIDER is "mine": it must be auto, official or embedded.',
    );
  });
});
