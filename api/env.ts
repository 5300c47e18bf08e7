import { z } from 'zod';
import { parseVariables } from '../automation/env.ts';

const trustedIssuer = z.strictObject({
  issuer: z.url(),
  audience: z.string().min(1),
  clientId: z.string().min(1),
  scope: z.string().min(1),
  host: z.string().min(1).optional(),
});

const trustedIssuers = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a JSON array of issuers' });
      return z.NEVER;
    }
  })
  .pipe(z.array(trustedIssuer));

const variables = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().min(1).default('127.0.0.1'),
  PUBLIC_URL: z.url().optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_/, 'must be a Stripe secret or restricted key (sk_… or rk_…)'),
  STRIPE_WEBHOOK_SECRET: z.string().regex(/^whsec_/, 'must be a webhook signing secret (whsec_…)'),
  STRIPE_API_BASE: z.url().optional(),
  OIDC_ISSUER: z.url({ error: "must be the issuer's URL" }),
  OIDC_AUDIENCE: z.string().min(1).default('tenantry'),
  OIDC_SCOPE: z.string().min(1).default('openid profile email tenant'),
  OIDC_CLIENT_ID: z.string().min(1).default('tenantry'),
  OIDC_ALSO_TRUSTED: trustedIssuers.default([]),
  TENANTRY_CELL: z.string().min(1).default('local'),
  TENANTRY_GRACE_MS: z.coerce.number().int().nonnegative().optional(),
  TENANTRY_RETENTION_MS: z.coerce.number().int().nonnegative().optional(),
  TENANTRY_INSTANCE: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** An issuer beside the API's own, such as the user pool of another region. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly scope: string;
  /** Name under which this API serves people of that issuer: the page there signs in with it. */
  readonly host?: string | undefined;
}

export interface ApiEnv {
  readonly port: number;
  readonly host: string;
  /** Where browsers reach the API; decided by the port when not set. */
  readonly publicUrl: string | undefined;
  readonly databaseUrl: string;
  readonly stripeSecretKey: string;
  /** Several, separated by commas, while a secret is being rotated. */
  readonly stripeWebhookSecrets: readonly string[];
  readonly stripeApiBase: string | undefined;
  readonly oidc: {
    readonly issuer: string;
    readonly audience: string;
    readonly clientId: string;
    /** What the web page asks the issuer for. */
    readonly scope: string;
  };
  /** Issuers whose tokens are taken too. */
  readonly alsoTrusted: readonly TrustedIssuer[];
  readonly cell: string;
  /** As the workers have it; their default when not set. */
  readonly graceMs?: number;
  /** How long the data of an ended tenant is kept; likewise. */
  readonly retentionMs?: number;
  /** What answers about readiness say in a header, for whoever started this process. */
  readonly instance?: string;
  readonly logLevel: string;
}

/**
 * Reads the API's environment.
 * @throws Error that names every variable that is missing or wrong
 */
export function readApiEnv(env: NodeJS.ProcessEnv = process.env): ApiEnv {
  const v = parseVariables(variables, env);
  return {
    port: v.PORT,
    host: v.HOST,
    publicUrl: v.PUBLIC_URL,
    databaseUrl: v.DATABASE_URL,
    stripeSecretKey: v.STRIPE_SECRET_KEY,
    stripeWebhookSecrets: v.STRIPE_WEBHOOK_SECRET.split(',').map((secret) => secret.trim()),
    stripeApiBase: v.STRIPE_API_BASE,
    oidc: {
      issuer: v.OIDC_ISSUER,
      audience: v.OIDC_AUDIENCE,
      clientId: v.OIDC_CLIENT_ID,
      scope: v.OIDC_SCOPE,
    },
    alsoTrusted: v.OIDC_ALSO_TRUSTED,
    cell: v.TENANTRY_CELL,
    ...(v.TENANTRY_GRACE_MS !== undefined && { graceMs: v.TENANTRY_GRACE_MS }),
    ...(v.TENANTRY_RETENTION_MS !== undefined && { retentionMs: v.TENANTRY_RETENTION_MS }),
    ...(v.TENANTRY_INSTANCE !== undefined && { instance: v.TENANTRY_INSTANCE }),
    logLevel: v.LOG_LEVEL,
  };
}
