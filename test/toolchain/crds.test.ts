import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CrdModule, ensureCrds } from '../../automation/toolchain/crds.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';

const wanted: CrdModule = {
  name: 'things',
  module: 'example.test/things',
  version: '1.2.3',
  folder: 'config/crds',
};
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tenantry-crds-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A Go that notes its arguments and has the module's sources at hand, if they are `there`. */
async function fakeGo(there: boolean): Promise<string> {
  const source = join(root, 'source');
  await mkdir(join(source, wanted.folder), { recursive: true });
  await writeFile(join(source, wanted.folder, 'b.yaml'), 'kind: CustomResourceDefinition\n');
  await writeFile(join(source, wanted.folder, 'a.yaml'), 'kind: CustomResourceDefinition\n');
  await writeFile(join(source, wanted.folder, 'kustomization.yaml'), 'kind: Kustomization\n');
  await writeFile(join(source, wanted.folder, 'doc.go'), 'package crds\n');
  const folder = join(root, 'go');
  await mkdir(folder);
  const answer = there ? `echo '{"Dir":"${source}"}'` : 'echo "no such module" >&2; exit 1';
  await writeFile(join(folder, 'go'), `#!/bin/sh\necho "$*" >> ${join(root, 'calls')}\n${answer}\n`);
  await chmod(join(folder, 'go'), 0o755);
  return folder;
}

function bring(goFolder = '/nowhere') {
  const env = readToolchainEnv({
    TENANTRY_CACHE: join(root, 'cache'),
    HOME: root,
    PATH: `${goFolder}:/usr/bin:/bin`,
  });
  return ensureCrds({ env, modules: [wanted] });
}

describe('definitions of custom resources', () => {
  test('are the YAML files of the module’s folder, fetched once', async () => {
    const go = await fakeGo(true);
    const both = await Promise.all([bring(go), bring(go)]);
    for (const paths of both)
      expect(paths.map((path) => relative(root, path))).toEqual([
        'cache/crds/things/1.2.3/a.yaml',
        'cache/crds/things/1.2.3/b.yaml',
      ]);
    expect(await bring()).toEqual(both[0]);
    expect(await readFile(join(root, 'calls'), 'utf8')).toBe(
      'mod download -json example.test/things@v1.2.3\n',
    );
  });

  test('cannot be had without Go, which the message names', async () => {
    await expect(bring()).rejects.toThrow(/example\.test\/things.*install Go/);
  });

  test('that cannot be fetched are named, and leave nothing behind', async () => {
    const go = await fakeGo(false);
    await expect(bring(go)).rejects.toThrow(
      /example\.test\/things v1\.2\.3 cannot be fetched.*no such module/s,
    );
    await expect(bring(go)).rejects.toThrow(/no such module/);
  });
});
