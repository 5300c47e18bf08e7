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
    stripe: { secretKey: string; webhookSecret: string; apiBase: string | undefined } | undefined;
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
  const webhookSecret = given(env.STRIPE_WEBHOOK_SECRET);
  if (secretKey !== undefined && webhookSecret === undefined)
    throw new Error(
      'STRIPE_SECRET_KEY is set, so STRIPE_WEBHOOK_SECRET must be too: `stripe listen --print-secret` shows one.',
    );
  return {
    home: resolve(given(env.TENANTRY_HOME) ?? '.tenantry'),
    port: { number: port, explicit: given(env.PORT) !== undefined },
    own: {
      databaseUrl: given(env.DATABASE_URL),
      kubeconfig: given(env.KUBECONFIG),
      stripe:
        secretKey === undefined || webhookSecret === undefined
          ? undefined
          : { secretKey, webhookSecret, apiBase: given(env.STRIPE_API_BASE) },
      oidcIssuer: given(env.OIDC_ISSUER),
      pulumiBackendUrl: given(env.PULUMI_BACKEND_URL),
      secretsProvider: given(env.TENANTRY_SECRETS_PROVIDER),
    },
    oidcAudience: given(env.OIDC_AUDIENCE) ?? 'tenantry',
    toolchain: readToolchainEnv(env),
    processEnv: env,
  };
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}
