import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { statField } from '../process-group.ts';

/** Niceness of a process that gives way; from -20 (never) to 19. */
export const niceness = constants.priority.PRIORITY_BELOW_NORMAL;

/**
 * Lets a process, and the children in its session, give way to others when the processors are busy. Children with a
 * session of their own (a worker's runners) get a fair share again.
 *
 * Linux as most distributions configure it (`sched_autogroup`) shares the processors among sessions first, and
 * niceness counts within a session only. So where the process leads a session, the session gives way as well.
 * @see https://man7.org/linux/man-pages/man7/sched.7.html "The autogroup feature"
 * @throws SystemError when there is no such process
 */
export function giveWay(pid: number): void {
  setPriority(pid, niceness);
  shareLess(pid, 20);
}

function shareLess(pid: number, tries: number): void {
  try {
    const leadsSession = statField(pid, 6) === String(pid);
    if (leadsSession) writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
  } catch (error) {
    // Only root may do this more than ten times a second, all processes together. Other errors: the process ended
    // meanwhile, this is not Linux, or it has no autogroups.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN' && tries > 0) setTimeout(() => shareLess(pid, tries - 1), 150).unref();
  }
}
