/** What the supervisor takes from the environment. */
import { resolve } from 'node:path';
import { readToolchainEnv, type ToolchainEnv } from '../toolchain/env.ts';

export interface LocalEnv {
  /** Everything that is kept: `$TENANTRY_HOME`, else `.tenantry` in the working folder. */
  home: string;
  /** Port of the service; `explicit` when `PORT` named it. */
  port: { number: number; explicit: boolean };
  /** Pieces of the user's own; each one given takes the place of the embedded one. */
  own: {
    databaseUrl: string | undefined;
    kubeconfig: string | undefined;
    stripe: { secretKey: string; webhookSecret: string | undefined; apiBase: string | undefined } | undefined;
    oidcIssuer: string | undefined;
    pulumiBackendUrl: string | undefined;
    secretsProvider: string | undefined;
  };
  oidcAudience: string;
  toolchain: ToolchainEnv;
  /** Passed on to the service and the worker. */
  processEnv: NodeJS.ProcessEnv;
}

/** Reads the environment; a value that makes no sense is an error that names its variable. */
export function readLocalEnv(env: NodeJS.ProcessEnv = process.env): LocalEnv {
  const port = env.PORT ? Number(env.PORT) : 8080;
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`PORT is "${env.PORT}": it must be a number from 1 to 65535.`);
  const secretKey = given(env.STRIPE_SECRET_KEY);
  return {
    home: resolve(given(env.TENANTRY_HOME) ?? '.tenantry'),
    port: { number: port, explicit: given(env.PORT) !== undefined },
    own: {
      databaseUrl: given(env.DATABASE_URL),
      kubeconfig: given(env.KUBECONFIG),
      stripe:
        secretKey === undefined
          ? undefined
          : {
              secretKey,
              webhookSecret: given(env.STRIPE_WEBHOOK_SECRET),
              apiBase: given(env.STRIPE_API_BASE),
            },
      oidcIssuer: given(env.OIDC_ISSUER),
      pulumiBackendUrl: given(env.PULUMI_BACKEND_URL),
      secretsProvider: given(env.TENANTRY_SECRETS_PROVIDER),
    },
    oidcAudience: given(env.OIDC_AUDIENCE) ?? 'tenantry',
    toolchain: readToolchainEnv(env),
    processEnv: env,
  };
}

/** Each piece of the user's own, with the variable that names it. */
export function ownPieces({ own }: Pick<LocalEnv, 'own'>): string[] {
  const pieces = [
    ['PostgreSQL (DATABASE_URL)', own.databaseUrl],
    ['Kubernetes (KUBECONFIG)', own.kubeconfig],
    ['Stripe (STRIPE_SECRET_KEY)', own.stripe],
    ['identity provider (OIDC_ISSUER)', own.oidcIssuer],
    ["stacks' state (PULUMI_BACKEND_URL)", own.pulumiBackendUrl],
    ['secrets provider (TENANTRY_SECRETS_PROVIDER)', own.secretsProvider],
  ] as const;
  return pieces.flatMap(([piece, value]) => (value === undefined ? [] : [piece]));
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}
