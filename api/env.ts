import { readVariables } from '../automation/environment/index.ts';
import type { AddressRules } from '../automation/notify/index.ts';

/** An issuer beside the API's own, such as the user pool of another region. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly scope: string;
  /** The host name under which the page signs in with this issuer. */
  readonly host?: string | undefined;
}

export interface ApiEnv {
  /** Which addresses webhook endpoints may have; defaults to `readNotifyEnv`. */
  readonly addressRules?: AddressRules;
  readonly port: number;
  readonly host: string;
  /** Where browsers reach the API; derived from the port when not set. */
  readonly publicUrl: string | undefined;
  readonly databaseUrl: string;
  /** Tenants' databases may be on the control plane's server. */
  readonly tenantsShareServer: boolean;
  readonly stripeSecretKey: string;
  /** Several while a secret is being rotated. */
  readonly stripeWebhookSecrets: readonly string[];
  readonly stripeApiBase: string | undefined;
  readonly oidc: {
    readonly issuer: string;
    readonly audience: string;
    readonly clientId: string;
    /** The scopes that the page requests. */
    readonly scope: string;
  };
  /** Further issuers whose tokens are accepted. */
  readonly alsoTrusted: readonly TrustedIssuer[];
  readonly cell: string;
  /** The same as the workers'. */
  readonly graceMs: number;
  /** How long the data of a cancelled tenant is kept. The same as the workers'. */
  readonly retentionMs: number;
  /** Marks readiness answers in a header, for the process that started this one. */
  readonly instance?: string;
  readonly logLevel: string;
}

/**
 * @throws Error that names every variable that is missing or wrong
 */
export function readApiEnv(env: NodeJS.ProcessEnv = process.env): ApiEnv {
  const v = readVariables(env, {
    required: ['DATABASE_URL', 'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'OIDC_ISSUER'],
    defaulted: [
      'PORT',
      'HOST',
      'OIDC_AUDIENCE',
      'OIDC_SCOPE',
      'OIDC_CLIENT_ID',
      'OIDC_ALSO_TRUSTED',
      'TENANTRY_CELL',
      'TENANTRY_TENANTS_SHARE_DATABASE_SERVER',
      'TENANTRY_GRACE_MS',
      'TENANTRY_RETENTION_MS',
      'LOG_LEVEL',
    ],
    optional: ['PUBLIC_URL', 'STRIPE_API_BASE', 'TENANTRY_INSTANCE'],
  });
  return {
    port: v.PORT,
    host: v.HOST,
    publicUrl: v.PUBLIC_URL,
    databaseUrl: v.DATABASE_URL,
    tenantsShareServer: v.TENANTRY_TENANTS_SHARE_DATABASE_SERVER,
    stripeSecretKey: v.STRIPE_SECRET_KEY,
    stripeWebhookSecrets: v.STRIPE_WEBHOOK_SECRET,
    stripeApiBase: v.STRIPE_API_BASE,
    oidc: {
      issuer: v.OIDC_ISSUER,
      audience: v.OIDC_AUDIENCE,
      clientId: v.OIDC_CLIENT_ID,
      scope: v.OIDC_SCOPE,
    },
    alsoTrusted: v.OIDC_ALSO_TRUSTED,
    cell: v.TENANTRY_CELL,
    graceMs: v.TENANTRY_GRACE_MS,
    retentionMs: v.TENANTRY_RETENTION_MS,
    ...(v.TENANTRY_INSTANCE !== undefined && { instance: v.TENANTRY_INSTANCE }),
    logLevel: v.LOG_LEVEL,
  };
}
