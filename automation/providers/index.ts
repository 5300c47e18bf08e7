/** Providers that serve the engine in place of official plugins. */
export { serveProviders } from './serve.ts';
