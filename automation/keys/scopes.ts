/** What an API key may do. A key without a scope gets 403 wherever a route asks for it. */
export const keyScopes = [
  /** Tenants with all that is kept of them: timeline, credits, budgets, usage, exports. */
  'tenants:read',
  /** Try again, set a budget's cap, ask for an export. */
  'tenants:write',
  'entitlements:read',
  /** Reserve, settle and release uses, credits and API costs. */
  'checks:write',
  /** Tell what a tenant used. */
  'usage:write',
  'notifications:read',
  'notifications:write',
] as const;
export type KeyScope = (typeof keyScopes)[number];

/** Only a product's own side may say what was used: a key with one of these is made by operators and the control plane. */
export const operatorScopes: ReadonlySet<KeyScope> = new Set(['checks:write', 'usage:write']);
