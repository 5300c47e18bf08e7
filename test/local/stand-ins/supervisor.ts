/** Runs a supervisor with stand-ins for its programs, as a process of its own. Prints a JSON line when ready. */
import { join } from 'node:path';
import { readLocalEnv } from '../../../automation/local/env.ts';
import { startSupervisor } from '../../../automation/local/supervisor.ts';

const env = readLocalEnv();
try {
  const running = await startSupervisor({
    home: env.home,
    port: env.port,
    env,
    log: (line) => console.error(line),
    programs: { api: join(import.meta.dirname, 'api.ts'), worker: join(import.meta.dirname, 'worker.ts') },
  });
  console.log(JSON.stringify(running.endpoints));
  process.once('SIGINT', () => {
    running.stop().then(() => process.exit(0));
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
