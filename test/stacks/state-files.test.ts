import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { pruneHistory, removeStackFiles } from '../../automation/stacks/state-files.ts';

async function backend(files: readonly string[]) {
  const root = await mkdtemp(join(tmpdir(), 'state-files-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const file of files) {
    const path = join(root, '.pulumi', file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '{}');
  }
  const left = async () =>
    (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + '/.pulumi/'.length))
      .sort();
  return { url: pathToFileURL(root).href, left };
}

test('what the engine leaves of a removed stack is removed, and nothing of another', async () => {
  const others = [
    'stacks/tenant/b2222222.json',
    'stacks/tenant/b2222222.json.bak',
    'stacks/tenant/b2222222.json.18ed0ac05f0324cf.tmp',
    'history/tenant/b2222222/x',
    'meta.yaml',
  ];
  const { url, left } = await backend([
    ...others,
    'stacks/tenant/a1111111.json.bak',
    'stacks/tenant/a1111111.json.bak.attrs',
    'stacks/tenant/a1111111.json.18ed0ac05f0324cf.tmp',
    'stacks/tenant/a1111111.json.bak.18ed0ac05f0324d0.tmp',
    'history/tenant/a1111111/a1111111-1.history.json',
    'backups/tenant/a1111111/x.json',
    'locks/organization/tenant/a1111111/x.json',
  ]);
  await removeStackFiles(url, 'tenant', 'a1111111');
  expect(await left()).toEqual([...others].sort());
  await removeStackFiles(url, 'tenant', 'a1111111');
});

test('the newest entries of the history stay, the others go', async () => {
  const names = Array.from(
    { length: 50 },
    (_, n) => `history/tenant/a1111111/a1111111-${1_700_000_000_000_000_000n + BigInt(n)}.history.json`,
  );
  const { url, left } = await backend(names);
  await pruneHistory(url, 'tenant', 'a1111111');
  expect(await left()).toEqual(names.slice(-20));
});

test('a stack without history, and a bucket, are left alone', async () => {
  const { url, left } = await backend(['meta.yaml']);
  await pruneHistory(url, 'tenant', 'a1111111');
  await removeStackFiles('s3://bucket/state', 'tenant', 'a1111111');
  await pruneHistory('s3://bucket/state', 'tenant', 'a1111111');
  expect(await left()).toEqual(['meta.yaml']);
  expect(existsSync('s3:')).toBe(false);
});
