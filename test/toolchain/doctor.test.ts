import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { formatDoctor, inspect } from '../../automation/toolchain/doctor.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { resolveProviderPlugin, resolveProviders } from '../../automation/toolchain/plugins.ts';
import { type FakeWorld, fakePin, fakePlugin, fakeProgram, fakeWorld } from './fake-tools.ts';

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

async function sdkVersion(name: 'kubernetes' | 'random'): Promise<string> {
  const env = envOf({ TENANTRY_KUBERNETES_PROVIDER: 'embedded' });
  return (await resolveProviderPlugin(name, { env })).version;
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
    expect(text).toMatch(/ok +kubernetes provider: embedded; .*not installed and downloads are off/);
    expect(text).toMatch(/ok +random provider: embedded; .*not installed and downloads are off/);
  });

  test('tells which plugin is used, and which on PATH are not', async () => {
    world = await fakeWorld();
    const version = await sdkVersion('kubernetes');
    const [old, silent, fitting] = ['old', 'silent', 'fitting'].map((name) => join(world.root, name));
    const program = 'pulumi-resource-kubernetes';
    await fakePlugin(join(old ?? '', program), '0.0.1');
    await fakeProgram(join(silent ?? '', program), version);
    await fakePlugin(join(fitting ?? '', program), version);
    const env = envOf({
      PATH: [old, silent, fitting].join(delimiter),
      TENANTRY_KUBERNETES_PROVIDER: 'official',
    });
    const inspection = await inspect({ env, pins: [] });
    // The random plugin has to be the official one, too.
    expect(inspection.ok).toBe(false);
    const text = formatDoctor(inspection);
    expect(text).toContain(
      [
        `ok      kubernetes provider: official ${version} ${fitting}/${program}; the plugin is installed`,
        `        not used: ${old}/${program}, version 0.0.1`,
        `        not used: ${silent}/${program}, version unknown`,
      ].join('\n'),
    );
    expect(text).toMatch(/missing random provider: missing; .*run `pulumi plugin install resource random/);
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
    const version = await sdkVersion('kubernetes');
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

  test('is the one on PATH before the one that is installed, if its version fits', async () => {
    world = await fakeWorld();
    const version = await sdkVersion('random');
    const program = 'pulumi-resource-random';
    const installed = await fakeProgram(
      join(world.root, `.pulumi/plugins/resource-random-v${version}`, program),
      version,
    );
    const onPath = join(world.root, 'path', program);
    const env = envOf({ PATH: join(world.root, 'path') });
    await fakePlugin(onPath, version);
    expect(await resolveProviders({ env })).toEqual({
      kubernetesProvider: 'embedded',
      randomProvider: 'official',
      plugins: [{ name: 'random', version, path: onPath }],
    });
    await fakePlugin(onPath, '0.0.1');
    expect(await resolveProviders({ env })).toMatchObject({ plugins: [{ path: installed }] });
  });

  test('is the official plugin where Pulumi can install it, which a mere look leaves to the next start', async () => {
    world = await fakeWorld();
    const version = await sdkVersion('kubernetes');
    const plugins = join(world.root, '.pulumi/plugins');
    const pulumi = await fakeProgram(join(world.root, 'pulumi'), '3.0.0');
    await writeFile(
      pulumi,
      `#!/bin/sh
[ "$1" = plugin ] || exit 1
echo "$@" >> ${world.root}/calls
mkdir -p ${plugins}/resource-$4-v$5
cp $0 ${plugins}/resource-$4-v$5/pulumi-resource-$4
`,
    );
    const asked: string[] = [];
    const downloads = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end();
    });
    await new Promise<void>((resolve) => downloads.listen(0, '127.0.0.1', resolve));
    try {
      const options = {
        env: envOf({ TENANTRY_DOWNLOADS: '', TENANTRY_TOOL_PULUMI: pulumi }),
        downloadsUrl: `http://127.0.0.1:${(downloads.address() as AddressInfo).port}/plugins`,
      };
      expect(await resolveProviderPlugin('kubernetes', { ...options, install: false })).toMatchObject({
        kind: 'embedded',
        reason: expect.stringMatching(/is downloaded at the next start/),
      });
      expect(await resolveProviderPlugin('kubernetes', options)).toEqual({
        kind: 'official',
        version,
        path: join(plugins, `resource-kubernetes-v${version}/pulumi-resource-kubernetes`),
        reason: 'the plugin was installed now',
      });
      expect(await readFile(join(world.root, 'calls'), 'utf8')).toBe(
        `plugin install resource kubernetes ${version}\n`,
      );
      expect(new Set(asked)).toEqual(
        new Set([expect.stringMatching(`^HEAD /plugins/pulumi-resource-kubernetes-v${version}-.*tar.gz$`)]),
      );

      await writeFile(pulumi, '#!/bin/sh\nexit 1\n');
      expect(await resolveProviderPlugin('random', options)).toMatchObject({
        kind: 'embedded',
        reason: expect.stringMatching(/not installed and does not install/),
      });
    } finally {
      downloads.close();
    }
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
