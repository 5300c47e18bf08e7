/** Which process runs the installation of a home, so that another terminal can end it. */
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { processStarted } from '../automation/process-group.ts';
import { tryLock } from '../automation/toolchain/index.ts';

const recordSchema = z.object({ pid: z.int().positive(), startTime: z.string() });
export type SupervisorRecord = z.infer<typeof recordSchema>;

const recordFile = (home: string) => join(home, 'supervisor.json');

/** Records that this process runs the home. */
export async function recordSupervisor(home: string): Promise<void> {
  const startTime = processStarted(process.pid);
  if (startTime === null) return;
  const file = recordFile(home);
  const record: SupervisorRecord = { pid: process.pid, startTime };
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(`${file}.${process.pid}`, file);
}

/** Removes the record if it belongs to this process. */
export async function forgetSupervisor(home: string): Promise<void> {
  if ((await readRecord(home))?.pid === process.pid) await rm(recordFile(home), { force: true });
}

/** The process that runs the home; undefined when this command started none that still runs. */
export async function findSupervisor(home: string): Promise<SupervisorRecord | undefined> {
  const record = await readRecord(home);
  return record && isAlive(record) ? record : undefined;
}

/** Whether it is still the recorded process, and not another with the same id. */
export function isAlive({ pid, startTime }: SupervisorRecord): boolean {
  return processStarted(pid) === startTime;
}

/** Whether some process holds the home. */
export async function isHeld(home: string): Promise<boolean> {
  const file = join(home, 'lock');
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (!exists) return false;
  const lock = await tryLock(file);
  lock?.release();
  return lock === undefined;
}

async function readRecord(home: string): Promise<SupervisorRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(recordFile(home), 'utf8')));
  } catch {
    return undefined;
  }
}
