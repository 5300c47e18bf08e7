/** Where sequences are taken and compared: a world with an engine in memory, or one with the real engine. */
import type Stripe from 'stripe';
import type { StripeSimulator } from '../../automation/local/stripe/index.ts';
import type { Policy } from '../../automation/policy.ts';
import type { Database } from '../../automation/store/database.ts';
import type { TenantSpec } from '../../tenants/spec.ts';

/** What a worker does in one step. */
export interface Turn {
  readonly jobs: number;
  /** Calls to the world outside after which it is killed; null lets it live. */
  readonly diesAfter: number | null;
  /** Decides what else goes wrong. */
  readonly luck: number;
  readonly sweeps: boolean;
}

export interface StandingTenant {
  readonly id: string;
  readonly namespace: string;
  readonly state: 'active' | 'suspended' | 'deleted';
  readonly spec: TenantSpec;
}

export interface Place {
  readonly simulator: StripeSimulator;
  readonly stripeClient: Stripe;
  readonly database: Database;
  readonly policy: Pick<Policy, 'graceMs' | 'retentionMs'>;
  readonly now: () => Date;
  /** How often each kind of step was taken, and each fault occurred. */
  readonly counts: Record<string, number>;
  /** What must never happen, but did. */
  readonly violations: readonly string[];
  token(name: string): Promise<string>;
  /** A request; as an operator unless a token is given. */
  request(
    method: string,
    path: string,
    options?: { token?: string; body?: unknown },
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  work(turn: Turn): Promise<void>;
  /** Differences between the cluster and what is wanted of tenants, one sentence each. */
  clusterDiffers(tenants: readonly StandingTenant[]): Promise<string[]>;
}
