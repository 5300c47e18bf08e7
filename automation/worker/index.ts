/** The worker, put together from its rooms. */
export { readWorkerEnv } from './env.ts';
export { startWorker } from './start.ts';
