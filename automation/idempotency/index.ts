/** Requests that are sent again with their key and do their work once. */
export {
  type Claim,
  claimRequest,
  type RepeatableRequest,
  recordAnswer,
  releaseClaim,
  requestToken,
} from './claims.ts';
export type { Answer } from './seal.ts';
