/** Exports, and a tenant's end with its receipt. */
export { endTenant } from './end-tenant.ts';
export { readExportsEnv, readOffboardingEnv } from './env.ts';
export { findExport, listExports, requestExport, type TenantExport } from './exports.ts';
export { type FileStore, openFileStore } from './file-store.ts';
export {
  findOffboarding,
  listEnds,
  mayDestroy,
  type Offboarding,
  offboardingSteps,
  retryOffboarding,
  ringOffboarding,
} from './journal.ts';
export { sharedServer } from './look/postgres.ts';
export {
  NotAReceipt,
  type PublishedKey,
  type ReceiptBody,
  readPublicKeys,
  signedReceipt,
  verifyReceipt,
} from './receipt.ts';
export { findReceipt, listReceiptKeys } from './receipts.ts';
export { keyId, publicKeyFile } from './signing-key.ts';
export { offboardingWork } from './work.ts';
