/** What an API key may do. A route that asks for a scope answers 403 to a key without it. */
export const keyScopes = [
  /** Read tenants with their timeline, credits, budgets, usage and exports. */
  'tenants:read',
  /** Retry, cap a budget, request an export. */
  'tenants:write',
  'entitlements:read',
  /** Reserve, settle and release uses, credits and API costs. */
  'checks:write',
  /** Report what a tenant used. */
  'usage:write',
  'notifications:read',
  'notifications:write',
] as const;
export type KeyScope = (typeof keyScopes)[number];

/** Only a product's own side may report use, so only operators and the control plane make keys with these scopes. */
export const operatorScopes: ReadonlySet<KeyScope> = new Set(['checks:write', 'usage:write']);
