import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The engine's self-managed backend keeps what it never removes: a copy of the last state, the history of every
 * update, directories of locks. In a `file://` backend we remove it; buckets have lifecycle rules for that.
 */

/** History entries kept for each stack, newest first; each is a summary and a copy of the state. */
const keptHistoryFiles = 20;

/** Removes what `pulumi stack rm` leaves of a stack. */
export async function removeStackFiles(backendUrl: string, project: string, stack: string): Promise<void> {
  const root = rootOf(backendUrl);
  if (!root) return;
  const remove = (...path: string[]) => rm(join(root, ...path), { recursive: true, force: true });
  await Promise.all([
    remove('stacks', project, `${stack}.json.bak`),
    remove('stacks', project, `${stack}.json.bak.attrs`),
    remove('history', project, stack),
    remove('backups', project, stack),
    removeLocks(backendUrl, project, stack),
    removeHalfWritten(backendUrl, project, stack),
  ]);
}

/**
 * Removes what an engine that was killed while it wrote the stack's state has left: the backend writes to a file of its
 * own name, `<stack>.json.<time>.tmp`, and renames it.
 */
export async function removeHalfWritten(backendUrl: string, project: string, stack: string): Promise<void> {
  const root = rootOf(backendUrl);
  if (!root) return;
  const folder = join(root, 'stacks', project);
  const files = (await readdir(folder).catch(() => [])).filter(
    (name) => name.startsWith(`${stack}.json.`) && name.endsWith('.tmp'),
  );
  await Promise.all(files.map((file) => rm(join(folder, file), { force: true })));
}

/** Removes the locks of a stack, whose holders must be dead: they have neither an age nor an end. */
export async function removeLocks(backendUrl: string, project: string, stack: string): Promise<void> {
  const root = rootOf(backendUrl);
  if (root) await rm(join(root, 'locks', 'organization', project, stack), { recursive: true, force: true });
}

/**
 * Removes an empty file of attributes beside a stack's state. The backend writes the state whole or not at all, and its
 * attributes in place: an engine that is killed between opening and writing them leaves a state that cannot be read
 * (`failed to load checkpoint: EOF`). Without the file it can: attributes only say what kind of content it is.
 */
export async function removeTornAttributes(
  backendUrl: string,
  project: string,
  stack: string,
): Promise<void> {
  const root = rootOf(backendUrl);
  if (!root) return;
  const file = join(root, 'stacks', project, `${stack}.json.attrs`);
  const size = await stat(file).then(
    (found) => found.size,
    () => null,
  );
  if (size === 0) await rm(file, { force: true });
}

/** Removes the oldest entries of a stack's history. */
export async function pruneHistory(backendUrl: string, project: string, stack: string): Promise<void> {
  const root = rootOf(backendUrl);
  if (!root) return;
  const folder = join(root, 'history', project, stack);
  // Names carry the time in nanoseconds, so their order is that of time.
  const files = (await readdir(folder).catch(() => [])).sort();
  await Promise.all(files.slice(0, -keptHistoryFiles).map((file) => rm(join(folder, file), { force: true })));
}

function rootOf(backendUrl: string): string | null {
  return backendUrl.startsWith('file://') ? join(fileURLToPath(backendUrl), '.pulumi') : null;
}
