import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Follower } from '../automation/followers.ts';
import type { KeyRing } from '../automation/keys/index.ts';
import type { AddressRules } from '../automation/notify/index.ts';
import type { FileStore } from '../automation/offboarding/index.ts';
import type { Database } from '../automation/store/database.ts';
import type { Authenticate } from './auth.ts';
import type { PageConfig } from './contract/tenant.ts';
import type { LiveTenants } from './live.ts';
import type { Metrics } from './metrics.ts';
import type { RateLimits } from './rate-limits.ts';
import type { AskReadiness } from './readiness.ts';
import type { ApiService } from './router.ts';

/** What the routes need. */
export interface ApiDeps {
  readonly database: Database;
  /** Called when a route changes a tenant, in its transaction; the same as the workers'. */
  readonly followers: readonly Follower[];
  readonly stripe: Stripe;
  readonly webhookSecrets: readonly string[];
  /** The mode of the key for Stripe; null when the key does not tell. */
  readonly livemode: boolean | null;
  readonly authenticate: Authenticate;
  readonly keys: KeyRing;
  readonly rateLimits: RateLimits;
  readonly live: LiveTenants;
  readonly metrics: Metrics;
  readonly readiness: AskReadiness;
  readonly pageConfig: PageConfig;
  /** Settings of the page at other host names, by host. */
  readonly pageConfigs: ReadonlyMap<string, PageConfig>;
  readonly publicUrl: string;
  readonly cell: string;
  /** How long a tenant keeps running while a payment is overdue, as in the workers' policy. */
  readonly graceMs: number;
  /** How long the data of an ended tenant is kept, as in the workers' policy. */
  readonly retentionMs: number;
  /** Where tenants' exports are. */
  readonly exportFiles: FileStore;
  readonly services: readonly ApiService[];
  /** Which addresses webhook endpoints may have. */
  readonly addressRules: AddressRules;
  readonly log: Logger;
  /** Mark in a header of readiness answers. */
  readonly instance?: string;
}
