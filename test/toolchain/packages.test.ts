import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface LockedPackage {
  version?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** Where Node would look for a package from another one's folder, nearest first. */
function* placesOf(name: string, from: string): Generator<string> {
  for (let base = from; base !== ''; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/'))))
    yield `${base}/node_modules/${name}`;
  yield `node_modules/${name}`;
}

test('the lock file names every package that another one asks for, also those of other platforms', async () => {
  const text = await readFile(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
  const packages: Record<string, LockedPackage> = JSON.parse(text).packages;
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => ![...placesOf(name, path)].some((place) => packages[place]?.version !== undefined))
      .map((name) => `${path || 'the project'} asks for ${name}`),
  );
  // `npm ci`, and with it a first start, refuses a lock file that lacks any.
  expect(missing).toEqual([]);
});
