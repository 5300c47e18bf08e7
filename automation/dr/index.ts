/** Recovery of a cell from the loss of its region. */
export { verifyPlace, withCluster, withControlPlane } from './cell-access.ts';
export { type CellPlace, type OperationsEnv, readOperationsEnv } from './env.ts';
export { listOpenRecoveries } from './recoveries.ts';
export { promoteSteps, restoreSteps, type ServerRecovery } from './server-steps.ts';
export { runSteps, type Step, type StepReport, StepStopped } from './steps.ts';
export { cellDatabaseStep, convergeSteps, moveStep } from './tenant-steps.ts';
export type { Verification } from './verify.ts';
