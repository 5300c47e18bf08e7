/** Programs of the engine that run in our own process. */
export { serveLanguageHost } from './serve.ts';
export { ensureLanguageHost } from './shim.ts';
