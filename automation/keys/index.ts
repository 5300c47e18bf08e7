/** API keys of people, tenants and products' applications. */
export { keysFollower } from './follower.ts';
export { createKeyRing, type KeyRing, type Verdict } from './ring.ts';
export {
  type ApiKey,
  createKey,
  findKey,
  forgetExpiredKeys,
  type KeyOrder,
  type KeyOwner,
  type KeyReach,
  keepContainerKey,
  listKeys,
  maxKeys,
  type NewKey,
  removeTenantKeys,
  revokeKey,
  TooManyKeys,
} from './rows.ts';
export { type KeyScope, keyScopes, operatorScopes } from './scopes.ts';
export { keysWork } from './work.ts';
