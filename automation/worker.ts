/** The worker: takes jobs from Postgres and makes tenants what they should be. Run as many as the work needs. */
import pino from 'pino';
import { services as own } from '../services/index.ts';
import { warnOfUnknownVariables } from './environment/index.ts';
import { loadServices, readServicePackages } from './packages/index.ts';
import { readWorkerEnv, startWorker } from './worker/index.ts';

const env = readWorkerEnv();
const log = pino({ level: env.logLevel, base: { process: 'worker' } });
warnOfUnknownVariables((line) => log.warn(line));
const services = await loadServices({ own, packages: readServicePackages() });
const worker = await startWorker(env, log, services);
log.info({ cell: env.cell.id, runners: env.runners }, 'the worker is ready');

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    await worker.stop();
    process.exit(0);
  });
}
