/** Providers that play a cloud. */
export { serveSimulatedProviders } from './serve.ts';
