/** Idempotency keys: a request that is sent again does its work once. */
export {
  type Claim,
  claimRequest,
  type RepeatableRequest,
  recordAnswer,
  releaseClaim,
  requestToken,
} from './claims.ts';
export type { Answer } from './seal.ts';
