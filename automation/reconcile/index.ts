/** Compares money with infrastructure: findings, and what operators decide about them. */
export { approveFinding, type Decision, dismissFinding, type Outcome } from './decide.ts';
export { type Finding, listFindings } from './findings.ts';
export { factsOf, type Kind, kindNames, kinds } from './kinds.ts';
export { findingStates } from './looks.ts';
export { defaultReconcilePolicy, type ReconcilePolicy } from './policy.ts';
export { askReconciliation, listReconciliations, type Reconciliation } from './reconciliations.ts';
export { reconcileWork } from './run.ts';
export { objectsOf } from './service-objects.ts';
