/** The worker, put together from what its rooms give. */
export { readWorkerEnv } from './env.ts';
export { startWorker } from './start.ts';
