import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Follower } from '../automation/followers.ts';
import type { KeyRing } from '../automation/keys/index.ts';
import type { AddressRules } from '../automation/notify/index.ts';
import type { FileStore } from '../automation/offboarding/index.ts';
import type { Database } from '../automation/store/database.ts';
import type { Authenticate } from './auth.ts';
import type { PageConfig } from './contract/tenant.ts';
import type { Live } from './live.ts';
import type { Metrics } from './metrics.ts';
import type { RateLimits } from './rate-limits.ts';
import type { AskReadiness } from './readiness.ts';
import type { ApiService } from './router.ts';

export interface ApiDeps {
  readonly database: Database;
  /** Run when a route changes a tenant, in its transaction. */
  readonly followers: readonly Follower[];
  readonly stripe: Stripe;
  readonly webhookSecrets: readonly string[];
  /** The mode of the Stripe key; null when the key does not show it. */
  readonly livemode: boolean | null;
  readonly authenticate: Authenticate;
  readonly keys: KeyRing;
  readonly rateLimits: RateLimits;
  readonly live: Live;
  readonly metrics: Metrics;
  readonly readiness: AskReadiness;
  readonly pageConfig: PageConfig;
  /** The page's settings under other host names, by host. */
  readonly pageConfigs: ReadonlyMap<string, PageConfig>;
  readonly publicUrl: string;
  readonly cell: string;
  /** How long a tenant keeps running while a payment is overdue. The same as the workers'. */
  readonly graceMs: number;
  /** How long the data of a cancelled tenant is kept. The same as the workers'. */
  readonly retentionMs: number;
  readonly exportFiles: FileStore;
  readonly services: readonly ApiService[];
  /** Which addresses webhook endpoints may have. */
  readonly addressRules: AddressRules;
  readonly log: Logger;
  /** Marks readiness answers in a header. */
  readonly instance?: string;
}
