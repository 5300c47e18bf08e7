/** What runs of a tenant and, if it does not run, why not: apart from its phase, which says what was provisioned. */
export { type Health, healthStates, isDown, readHealth } from './health-of.ts';
export type { PodSize } from './judge.ts';
export { countHealth, type HealthCount, type Running, readRunning } from './rows.ts';
export { healthWork } from './work.ts';
