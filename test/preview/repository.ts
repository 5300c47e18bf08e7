/** A small git repository with a platform project, for changes to commit and preview. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { thisRoot } from './variation.ts';

const run = promisify(execFile);

export interface Repository {
  readonly root: string;
  /** Writes files, by path; null removes one. */
  write(files: Readonly<Record<string, string | null>>): Promise<void>;
  git(...args: string[]): Promise<string>;
  /** Commits everything; returns the commit's name. */
  commit(): Promise<string>;
  remove(): Promise<void>;
}

export async function newRepository(files: Readonly<Record<string, string>>): Promise<Repository> {
  const root = await mkdtemp(join(tmpdir(), 'tenantry-repository-'));
  const git = async (...args: string[]) => (await run('git', ['-C', root, ...args])).stdout.trim();
  const write: Repository['write'] = async (changed) => {
    for (const [path, content] of Object.entries(changed)) {
      if (content === null) {
        await rm(join(root, path));
        continue;
      }
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  };
  const commit = async () => {
    await git('add', '--all');
    await git(
      '-c',
      'user.name=Test',
      '-c',
      'user.email=test@example.com',
      'commit',
      '--quiet',
      '-m',
      'Change',
    );
    return git('rev-parse', 'HEAD');
  };
  await git('init', '--quiet', '--initial-branch', 'main');
  await write({ '.gitignore': 'node_modules\n', ...files });
  await symlink(join(thisRoot, 'node_modules'), join(root, 'node_modules'));
  await commit();
  return { root, write, git, commit, remove: () => rm(root, { recursive: true, force: true }) };
}
