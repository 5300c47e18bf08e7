/** Decides what a subscription entitles its customer to, and the desired state of its tenant. All of it pure. */
export { type Decision, decide, newSpec, ownerlessSpec, throttledSpec } from './desired-state.ts';
export {
  type BrakeReason,
  type Entitlement,
  entitlementOf,
  isBrakeReason,
  type Restraint,
  restrained,
  type SuspendReason,
  suspendMessages,
} from './entitlement.ts';
export { placeDatabase, placeTenant, residencies } from './placement.ts';
export {
  originOf,
  readSubscription,
  regionPattern,
  type SubscriptionFacts,
  subscriptionMetadata,
} from './subscription-facts.ts';
export { newTenantId } from './tenant-id.ts';
