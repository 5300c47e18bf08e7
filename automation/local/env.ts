/** What the supervisor reads from the environment. */
import { defaultOf, readVariables } from '../environment/index.ts';
import { readToolchainEnv, type ToolchainEnv } from '../toolchain/index.ts';

export interface LocalEnv {
  /** The installation's folder: `$TENANTRY_HOME`, else `.tenantry` in the working folder. */
  home: string;
  /** Port of the service; `explicit` when `PORT` named it. */
  port: { number: number; explicit: boolean };
  /** Pieces that the user provides; each one replaces the embedded one. */
  own: {
    databaseUrl: string | undefined;
    tenantDatabaseUrl: string | undefined;
    kubeconfig: string | undefined;
    stripe: { secretKey: string; webhookSecret: string | undefined; apiBase: string | undefined } | undefined;
    oidcIssuer: string | undefined;
    pulumiBackendUrl: string | undefined;
    secretsProvider: string | undefined;
  };
  /** Tenants' databases may be on the control plane's server. */
  tenantsShareServer: boolean;
  oidcAudience: string;
  toolchain: ToolchainEnv;
  /** Passed on to the service and the worker. */
  processEnv: NodeJS.ProcessEnv;
}

/** @throws Error that names every variable that is wrong */
export function readLocalEnv(env: NodeJS.ProcessEnv = process.env): LocalEnv {
  const v = readVariables(env, {
    defaulted: ['TENANTRY_HOME', 'OIDC_AUDIENCE', 'TENANTRY_TENANTS_SHARE_DATABASE_SERVER'],
    optional: [
      'PORT',
      'DATABASE_URL',
      'TENANT_DATABASE_URL',
      'KUBECONFIG',
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRET',
      'STRIPE_API_BASE',
      'OIDC_ISSUER',
      'PULUMI_BACKEND_URL',
      'TENANTRY_SECRETS_PROVIDER',
    ],
  });
  return {
    home: v.TENANTRY_HOME,
    port: { number: v.PORT ?? defaultOf('PORT'), explicit: v.PORT !== undefined },
    own: {
      databaseUrl: v.DATABASE_URL,
      tenantDatabaseUrl: v.TENANT_DATABASE_URL,
      kubeconfig: v.KUBECONFIG,
      stripe:
        v.STRIPE_SECRET_KEY === undefined
          ? undefined
          : {
              secretKey: v.STRIPE_SECRET_KEY,
              webhookSecret: v.STRIPE_WEBHOOK_SECRET?.join(','),
              apiBase: v.STRIPE_API_BASE,
            },
      oidcIssuer: v.OIDC_ISSUER,
      pulumiBackendUrl: v.PULUMI_BACKEND_URL,
      secretsProvider: v.TENANTRY_SECRETS_PROVIDER,
    },
    tenantsShareServer: v.TENANTRY_TENANTS_SHARE_DATABASE_SERVER,
    oidcAudience: v.OIDC_AUDIENCE,
    toolchain: readToolchainEnv(env),
    processEnv: env,
  };
}

/** Each piece that the user provides, with the variable that names it. */
export function ownPieces({ own }: Pick<LocalEnv, 'own'>): string[] {
  const pieces = [
    ['PostgreSQL (DATABASE_URL)', own.databaseUrl],
    ["tenants' PostgreSQL (TENANT_DATABASE_URL)", own.tenantDatabaseUrl],
    ['Kubernetes (KUBECONFIG)', own.kubeconfig],
    ['Stripe (STRIPE_SECRET_KEY)', own.stripe],
    ['identity provider (OIDC_ISSUER)', own.oidcIssuer],
    ["stacks' state (PULUMI_BACKEND_URL)", own.pulumiBackendUrl],
    ['secrets provider (TENANTRY_SECRETS_PROVIDER)', own.secretsProvider],
  ] as const;
  return pieces.flatMap(([piece, value]) => (value === undefined ? [] : [piece]));
}
