import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const dashboard = join(repository, 'api/dashboard');

export interface PageBuild {
  /** The folder the API serves. */
  readonly dist: string;
  /** False when the existing page was built from the same sources. */
  readonly built: boolean;
}

/**
 * Builds the page unless it matches its sources, which takes about a second. Builds it aside and moves it into place, so that
 * a page that is being served stays whole; one of two simultaneous builds wins.
 *
 * @throws Error with what the bundler said
 */
export async function ensurePage(): Promise<PageBuild> {
  const dist = join(dashboard, 'dist');
  const stamp = await fingerprint();
  const found = await readFile(join(dist, stampFile), 'utf8').catch(() => null);
  if (found === stamp) return { dist, built: false };

  const cache = join(repository, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const aside = await mkdtemp(join(cache, 'tenantry-page-'));
  try {
    const fresh = join(aside, 'new');
    await bundle(fresh);
    await writeFile(join(fresh, stampFile), stamp);
    await rename(dist, join(aside, 'old')).catch(ignoreMissing);
    await rename(fresh, dist).catch(ignoreTaken);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return { dist, built: true };
}

const stampFile = '.sources';

/** Bundles in a separate process, because the bundler takes much memory and reads NODE_ENV. */
async function bundle(outDir: string): Promise<void> {
  const vite = [join(repository, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'];
  const options = ['--config', join(dashboard, 'vite.config.ts'), '--outDir', outDir, '--emptyOutDir'];
  await promisify(execFile)(process.execPath, [...vite, ...options], {
    env: { ...process.env, NODE_ENV: 'production' },
  }).catch((error: Error & { stderr?: string }) => {
    throw new Error(`the page could not be built: ${error.stderr || error.message}`, { cause: error });
  });
}

/** Fingerprints everything that the page is made from, including the versions of its libraries. */
async function fingerprint(): Promise<string> {
  const folders = [join(dashboard, 'src'), join(repository, 'api/client'), join(repository, 'services')];
  const found = await Promise.all(
    folders.map((folder) => readdir(folder, { recursive: true, withFileTypes: true })),
  );
  const files = found
    .flat()
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const others = [
    'api/dashboard/index.html',
    'api/dashboard/vite.config.ts',
    'tenants/spec.ts',
    'package-lock.json',
  ];
  const hash = createHash('sha256');
  for (const file of [...files.sort(), ...others.map((path) => join(repository, path))]) {
    hash.update(file.slice(repository.length)).update('\0');
    hash.update(await readFile(file)).update('\0');
  }
  return hash.digest('hex');
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Another build put its page there a moment ago. */
function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}
