import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pins, type ToolPin } from '../../automation/toolchain/pins.ts';

const root = join(import.meta.dirname, '../..');
const modules = join(root, 'automation/toolchain/modules');
/** Our own programs beside the pinned modules, not a dependency of theirs. */
const isOurs = (pin: ToolPin) => pin.package.startsWith('tenantry.dev/');

describe('every pin', () => {
  test.each(pins.filter((pin) => !isOurs(pin)).map((pin) => [pin.name, pin] as const))(
    '%s is what its Go module pins',
    async (_name, pin) => {
      const goMod = await readFile(join(modules, pin.module, 'go.mod'), 'utf8');
      const required = [...goMod.matchAll(/^\s*(?:require )?(\S+) v(\S+)/gm)].filter(
        ([, path = '']) => pin.package === path || pin.package.startsWith(`${path}/`),
      );
      const closest = required.sort(([, a = ''], [, b = '']) => b.length - a.length)[0];
      expect(closest?.[2]).toBe(pin.moduleVersion ?? pin.version);
      expect(await readFile(join(modules, pin.module, 'tools.go'), 'utf8')).toContain(`"${pin.package}"`);
    },
  );

  test.each(pins.filter(isOurs).map((pin) => [pin.name, pin] as const))(
    '%s is of the version that its source says, on the engine that its module pins',
    async (_name, pin) => {
      const source = await readFile(join(modules, pin.module, pin.name, 'main.go'), 'utf8');
      const engine = pins.find(({ name }) => name === pin.otherwise)?.version;
      expect(pin.version).toBe(`${engine}-${/^const revision = "(\d+)"$/m.exec(source)?.[1]}`);
    },
  );

  test.each(pins.map((pin) => [pin.name, pin] as const))(
    '%s fits itself and has sane downloads',
    (_name, pin) => {
      expect(pin.fits(pin.version)).toBe(true);
      for (const os of ['linux', 'darwin', 'win32']) {
        const download = pin.download({ os, arch: 'amd64' });
        if (download === null) continue;
        expect(download.url).toMatch(/^https:\/\//);
        expect(download.url).toContain(pin.version);
      }
    },
  );

  test('of Pulumi is the version of its SDK', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    expect(pins.find((pin) => pin.name === 'pulumi')?.version).toBe(manifest.dependencies['@pulumi/pulumi']);
  });
});
