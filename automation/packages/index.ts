/** Loads packages from outside this tree that bring products with their services. */
export { readServicePackages } from './env.ts';
export { loadServices, ServiceNotLoaded } from './load.ts';
