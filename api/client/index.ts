export { createTenantryClient, type TenantryClientOptions } from './client.ts';
export { TenantryError } from './error.ts';
export { type FollowOptions, type FollowPace, followTenant, type Happening, type Link } from './follow.ts';
export type { Client } from './generated/client/index.ts';
export * from './generated/index.ts';
export { defaultRetry, type RetryPolicy } from './retry.ts';
export { streamExport } from './stream.ts';
export { WaitError, type WaitOptions, waitForTenant } from './wait.ts';
export { type VerifyOptions, verifyWebhook, WebhookError, type WebhookHeaders } from './webhook.ts';
