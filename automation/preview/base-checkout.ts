/** Makes a second checkout of the repository, at the version that a change is compared with. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface BaseCheckout {
  readonly root: string;
  /** The full hash of its commit. */
  readonly commit: string;
  /** Removes the checkout. */
  close(): Promise<void>;
}

/** The reference does not name a commit of this repository. */
export class UnknownBase extends Error {
  override readonly name = 'UnknownBase';
}

/** References to try when none is given: the targets of pull requests. */
const usualBases = ['origin/main', 'main'] as const;

/**
 * Checks out the commit where the working tree left the base, so that later changes of the base do not count as part of the
 * change.
 * @param ref a git reference; defaults to the first of the usual ones that exists
 * @throws UnknownBase when there is no such commit
 */
export async function checkOutBase(repository: string, ref: string | undefined): Promise<BaseCheckout> {
  const commit = await commonCommit(repository, ref === undefined ? usualBases : [ref]);
  const root = await mkdtemp(join(tmpdir(), 'tenantry-base-'));
  const close = async () => {
    await git(repository, 'worktree', 'remove', '--force', root).catch(() => {});
    await rm(root, { recursive: true, force: true });
    await git(repository, 'worktree', 'prune').catch(() => {});
  };
  try {
    await git(repository, 'worktree', 'add', '--detach', '--force', root, commit);
    await bringPackages(repository, root);
    return { root, commit, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function commonCommit(repository: string, refs: readonly string[]): Promise<string> {
  for (const ref of refs) {
    // A reference never begins with a dash, which git would take for an option.
    if (ref.startsWith('-')) break;
    const found = await git(repository, 'merge-base', 'HEAD', `${ref}^{commit}`).catch(() => null);
    if (found) return found;
  }
  throw new UnknownBase(
    `There is no commit that ${refs.join(' or ')} and the working tree have in common: fetch it, or name another base.`,
  );
}

/** Links the working tree's packages if the lock file is the same, or else installs the base's own. */
async function bringPackages(repository: string, root: string): Promise<void> {
  const lock = (folder: string) => readFile(join(folder, 'package-lock.json'), 'utf8').catch(() => null);
  if ((await lock(repository)) === (await lock(root))) {
    await symlink(join(repository, 'node_modules'), join(root, 'node_modules'));
    return;
  }
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    maxBuffer: 64e6,
  });
  // Both must have the same engine SDK, because this version's runners run the base's programs.
  const sdk = join('node_modules', '@pulumi', 'pulumi');
  await rm(join(root, sdk), { recursive: true, force: true });
  await symlink(join(repository, sdk), join(root, sdk));
}

/** True when anything below these paths differs from the commit: committed, changed or new. */
export async function differs(
  repository: string,
  commit: string,
  paths: readonly string[],
): Promise<boolean> {
  const changed = await git(repository, 'diff', '--name-only', commit, '--', ...paths);
  if (changed !== '') return true;
  return (await git(repository, 'ls-files', '--others', '--exclude-standard', '--', ...paths)) !== '';
}

/** Names the state of the working tree: its commit, and whether anything has changed since. */
export async function describeHead(repository: string): Promise<string> {
  return git(repository, 'describe', '--always', '--dirty', '--exclude', '*');
}

async function git(repository: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', repository, ...args], { maxBuffer: 64e6 });
  return stdout.trim();
}
