/** Where an installation on one machine keeps its state, and which of its processes run. */
export { type LocalEnv, readLocalEnv } from './env.ts';
export { type Endpoints, keptStripeSecrets, readEndpoints } from './home.ts';
export { endLeftovers } from './processes.ts';
