import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When the process started, as a text to compare, because another process may get the same id. Null when there is none, or
 * only a zombie.
 */
export function processStarted(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const state = statField(pid, 3);
      if (state === 'Z' || state === 'X') return null;
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return `${boot}:${statField(pid, 22)}`;
    }
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return started.trim() || null;
  } catch {
    return null;
  }
}

/**
 * Reads a field of `/proc/<pid>/stat`, numbered as in proc(5), from the third on.
 * @throws when there is no such process, and on systems other than Linux
 */
export function statField(pid: number, field: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the command's name, may hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3];
}

/** Ends every process of the group at once; harmless when it is gone. */
export function killProcessGroup(processGroup: number): void {
  try {
    process.kill(-processGroup, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends every process of the group and waits until they are gone. No process can refuse SIGKILL, so the wait is bounded:
 * only unreaped zombies remain after it.
 */
export async function endProcessGroup(processGroup: number): Promise<void> {
  killProcessGroup(processGroup);
  for (let waited = 0; waited < 2000 && isAlive(processGroup); waited += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function isAlive(processGroup: number): boolean {
  try {
    process.kill(-processGroup, 0);
    return true;
  } catch {
    return false;
  }
}
