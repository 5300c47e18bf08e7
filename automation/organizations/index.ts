/** Organizations, their members and their customers in Stripe. */
export { customerMetadata, ensureCustomer } from './customer.ts';
export { findOnboarding, type Onboarding, onboard, SlugTaken } from './onboard.ts';
export {
  bindMember,
  ensureClaimedOrganization,
  ensurePersonalOrganization,
  findOrganization,
  findPersonalOrganization,
  forgetCustomer,
  listMembers,
  listOrganizationsOf,
  type Organization,
  type Person,
  type Role,
  roles,
} from './organizations.ts';
export {
  findPaidSubscription,
  listPaidSubscriptions,
  type PaidSubscription,
  type SubscriptionFilter,
} from './payers.ts';
