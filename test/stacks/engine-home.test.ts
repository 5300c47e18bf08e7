import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineHome, prepareEngineHome } from '../../automation/stacks/engine-home.ts';
import type { OfficialPlugin } from '../../automation/toolchain/plugins.ts';
import { fakeProgram } from '../toolchain/fake-tools.ts';

let root: string;
let workDir: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'tenantry-home-')));
  workDir = join(root, 'engine');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const pluginsFolder = () => join(engineHome({ workDir }), 'plugins');

async function plugin(version = '1.2.3'): Promise<OfficialPlugin> {
  const path = await fakeProgram(join(root, version, 'pulumi-resource-kubernetes'), version);
  return { name: 'kubernetes', version, path };
}

test('an official plugin that was found is where the engine looks for plugins', async () => {
  const found = await plugin();
  await prepareEngineHome({ workDir, plugins: [found] });
  await prepareEngineHome({ workDir, plugins: [found] });
  const seen = join(pluginsFolder(), 'resource-kubernetes-v1.2.3', 'pulumi-resource-kubernetes');
  expect(await realpath(seen)).toBe(found.path);
  expect(await readdir(dirname(seen))).toEqual(['pulumi-resource-kubernetes']);
});

test('a home that is there already gets the plugins of today and no others', async () => {
  await prepareEngineHome({ workDir, plugins: [await plugin('1.2.2')] });
  // As an engine leaves it.
  await mkdir(join(pluginsFolder(), 'resource-other-v1.0.0'), { recursive: true });
  await prepareEngineHome({ workDir, plugins: [await plugin()] });
  expect(await readdir(pluginsFolder())).toEqual(['resource-kubernetes-v1.2.3']);
  await prepareEngineHome({ workDir });
  expect(await readdir(pluginsFolder())).toEqual([]);
});

test('a link to a folder of somebody else’s is replaced, and the folder left as it is', async () => {
  const theirs = join(root, 'theirs');
  await mkdir(join(theirs, 'resource-other-v1.0.0'), { recursive: true });
  await writeFile(join(theirs, 'resource-other-v1.0.0', 'pulumi-resource-other'), 'theirs');
  await mkdir(engineHome({ workDir }), { recursive: true });
  await symlink(theirs, pluginsFolder());
  await prepareEngineHome({ workDir, plugins: [await plugin()] });
  expect(await readdir(pluginsFolder())).toEqual(['resource-kubernetes-v1.2.3']);
  expect(await readdir(theirs)).toEqual(['resource-other-v1.0.0']);
  expect(await readFile(join(theirs, 'resource-other-v1.0.0', 'pulumi-resource-other'), 'utf8')).toBe(
    'theirs',
  );
});
