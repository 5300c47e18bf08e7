import { access, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineHome, prepareEngineHome } from '../../automation/stacks/engine-home.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { pluginsFolder, resolveProviderPlugin } from '../../automation/toolchain/plugins.ts';
import { fakeProgram } from '../toolchain/fake-tools.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'tenantry-home-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const toolchain = (mode = 'auto') =>
  readToolchainEnv({
    HOME: root,
    PULUMI_HOME: join(root, 'pulumi'),
    TENANTRY_DOWNLOADS: 'off',
    TENANTRY_KUBERNETES_PROVIDER: mode,
  });

/** Puts the plugin where Pulumi would install it; answers its path. */
async function install(): Promise<string> {
  const embedded = await resolveProviderPlugin('kubernetes', { env: toolchain('embedded') });
  const folder = join(pluginsFolder(toolchain()), `resource-kubernetes-v${embedded.version}`);
  return fakeProgram(join(folder, 'pulumi-resource-kubernetes'), embedded.version);
}

test('an official plugin that was found is where the engine looks for plugins', async () => {
  const installed = await install();
  const found = await resolveProviderPlugin('kubernetes', { env: toolchain('official') });
  expect(found).toMatchObject({ kind: 'official', path: installed });

  const settings = { workDir: join(root, 'engine'), pluginsFolder: pluginsFolder(toolchain()) };
  await prepareEngineHome(settings);
  const seen = join(
    engineHome(settings),
    'plugins',
    basename(dirname(installed)),
    'pulumi-resource-kubernetes',
  );
  await access(seen);
  expect(await realpath(seen)).toBe(installed);
});

test('a home that is there already gets the plugins of today', async () => {
  const installed = await install();
  const workDir = join(root, 'engine');
  // As an engine without plugins leaves it.
  await mkdir(join(engineHome({ workDir }), 'plugins', 'resource-other-v1.0.0'), { recursive: true });
  const settings = { workDir, pluginsFolder: pluginsFolder(toolchain()) };
  await prepareEngineHome(settings);
  await prepareEngineHome(settings);
  expect(await readdir(join(engineHome(settings), 'plugins'))).toEqual([basename(dirname(installed))]);
  expect(await readdir(engineHome(settings))).toEqual(['plugins']);
});

test('without a folder of plugins the home has none, rather than a link that leads nowhere', async () => {
  const settings = { workDir: join(root, 'engine'), pluginsFolder: pluginsFolder(toolchain()) };
  await prepareEngineHome(settings);
  expect(await readdir(engineHome(settings))).toEqual([]);
});
