import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ensureEngine } from '../../automation/toolchain/engine.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import type { ToolName, ToolPin } from '../../automation/toolchain/pins.ts';
import { ToolError } from '../../automation/toolchain/tools.ts';
import { fakePin, fakeProgram, fakeWorld } from './fake-tools.ts';

const pinOf = (name: ToolName): ToolPin => ({ ...fakePin(), name, package: `example.test/cmd/${name}` });
const pins = [pinOf('pulumi'), pinOf('tenantry-engine')];

/** A world in which Pulumi's CLI is on PATH, and Go if wanted. */
async function world(options: { go: boolean }) {
  const made = await fakeWorld();
  onTestFinished(made.remove);
  const pulumi = await fakeProgram(join(made.root, 'bin', 'pulumi'), '1.2.9');
  const folders = [join(made.root, 'bin'), ...(options.go ? [made.goFolder] : []), '/usr/bin', '/bin'];
  const engine = (variables: Record<string, string> = {}) =>
    ensureEngine({
      env: readToolchainEnv({
        TENANTRY_CACHE: made.cache,
        PATH: folders.join(':'),
        HOME: made.root,
        ...variables,
      }),
      pins,
      modulesDir: made.modules,
    });
  return { ...made, pulumi, engine };
}

test('operations are run by our engine, which is built, though the CLI is there', async () => {
  const { engine } = await world({ go: true });
  expect(await engine()).toMatchObject({ name: 'tenantry-engine', source: 'build' });
});

test('where nothing can be built, they are run by the CLI', async () => {
  const { engine, pulumi } = await world({ go: false });
  expect(await engine()).toMatchObject({ name: 'pulumi', path: pulumi });
});

test('a CLI that somebody chose is used', async () => {
  const { engine, root } = await world({ go: true });
  const chosen = await fakeProgram(join(root, 'chosen', 'pulumi'), '1.2.4');
  expect(await engine({ TENANTRY_TOOL_PULUMI: chosen })).toMatchObject({ name: 'pulumi', path: chosen });
});

test('a chosen engine goes before a chosen CLI; one that does not exist is no reason to take another', async () => {
  const { engine, root, pulumi } = await world({ go: true });
  const chosen = await fakeProgram(join(root, 'chosen', 'tenantry-engine'), '1.2.3');
  const variables = { TENANTRY_TOOL_PULUMI: pulumi, TENANTRY_TOOL_TENANTRY_ENGINE: chosen };
  expect(await engine(variables)).toMatchObject({ name: 'tenantry-engine', path: chosen });
  const missing = engine({ ...variables, TENANTRY_TOOL_TENANTRY_ENGINE: join(root, 'nowhere') });
  await expect(missing).rejects.toThrow(ToolError);
});
