import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When the process started, in a form that is only compared: another process may since have the same id. Null when
 * there is none, or only a zombie.
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
 * A field of `/proc/<pid>/stat`, counted as proc(5) does; from the third on.
 * @throws where there is no such process, or no Linux
 */
export function statField(pid: number, field: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second, the command's name, may itself hold spaces and parentheses.
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
 * Ends every process of the group and waits until they are gone. No process can refuse SIGKILL, so the wait is
 * bounded: what is left after it are unreaped zombies, which no longer do anything.
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
