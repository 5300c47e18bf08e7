/** Stands for the worker: does nothing until it is ended. */
const timer = setInterval(() => {}, 60_000);
process.on('SIGTERM', () => clearInterval(timer));
