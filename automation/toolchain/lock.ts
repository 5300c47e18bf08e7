/**
 * A lock between processes that dies with its holder: SQLite's exclusive lock on a file, which the operating system
 * releases when the process ends, however it ends.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

export interface Lock {
  release(): void;
}

/** Takes the lock, or returns undefined when another process (or another holder in this one) has it. */
export async function tryLock(file: string): Promise<Lock | undefined> {
  await mkdir(dirname(file), { recursive: true });
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('pragma journal_mode = memory; begin exclusive');
    const held = database;
    return { release: () => held.close() };
  } catch (error) {
    database?.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return undefined;
    throw error;
  }
}

/** Runs `work` under the lock, waiting for it; calls `onWait` once when it has to wait. */
export async function withLock<Result>(
  file: string,
  work: () => Promise<Result>,
  onWait: () => void = () => {},
): Promise<Result> {
  let waited = false;
  for (;;) {
    const lock = await tryLock(file);
    if (lock) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    if (!waited) onWait();
    waited = true;
    await delay(100);
  }
}
