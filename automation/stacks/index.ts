/** The engine, in runner processes, and what it leaves in cluster and database. */
export { classifyFailure } from './failure.ts';
export { createFingerprints, driftFrom, type Fingerprints } from './fingerprint.ts';
export { applyPlatform } from './platform.ts';
export { stepCollector } from './preview-steps.ts';
export { completeCatalog } from './program-catalog.ts';
export type { EngineStep, OperationRequest, OperationResult, RunnerSettings } from './protocol.ts';
export { createRunnerPool, type Runner, RunnerNotStarted, type RunnerPool } from './runners.ts';
export { canListStacks, standingStacks } from './standing-stacks.ts';
export { tenantProject } from './tenant-project.ts';
