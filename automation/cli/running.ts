/** Which process runs the installation of a home. */
import { join } from 'node:path';

/** Holds the process id of `tenantry start`; meaningful only while the home's lock is held. */
export function supervisorPidFile(home: string): string {
  return join(home, 'supervisor.pid');
}
