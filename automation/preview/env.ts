/** What a preview takes from the environment. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { parseVariables, tenantDatabaseServers } from '../env.ts';

const variables = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  TENANT_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  TENANT_DATABASE_SERVERS: tenantDatabaseServers,
  KUBECONFIG: z.string().optional(),
  PULUMI_BACKEND_URL: z.string().optional(),
  TENANTRY_SECRETS_PROVIDER: z.string().optional(),
  TENANTRY_CELL: z.string().default('local'),
  TENANTRY_HOME: z.string().default('.tenantry'),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_PROFILE: z.string().optional(),
  AWS_WEB_IDENTITY_TOKEN_FILE: z.string().optional(),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: z.string().optional(),
});

/** Where a fleet's rows, its stacks' states and its cluster are. */
export interface FleetPlace {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  /** Database servers for one tenant each, by name. */
  readonly tenantDatabaseServers: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  readonly backendUrl: string;
  readonly secretsProvider: string;
  /** The cell that the cluster and the state bucket belong to. */
  readonly cell: string;
  /** Variables that the secrets provider needs beside those of this process. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface PreviewEnv {
  /** An installation named by variables, as a worker's is; null when `DATABASE_URL` is not set. */
  readonly place: FleetPlace | null;
  /** Home of a local installation. */
  readonly home: string;
  /** The environment names credentials of an account. */
  readonly hasAwsCredentials: boolean;
  readonly processEnv: NodeJS.ProcessEnv;
}

/** @throws Error that names every variable that is missing or wrong */
export function readPreviewEnv(env: NodeJS.ProcessEnv = process.env): PreviewEnv {
  const v = parseVariables(variables, env);
  const hasAwsCredentials = [
    v.AWS_ACCESS_KEY_ID,
    v.AWS_PROFILE,
    v.AWS_WEB_IDENTITY_TOKEN_FILE,
    v.AWS_CONTAINER_CREDENTIALS_FULL_URI,
  ].some((value) => value !== undefined);
  const shared = { home: resolve(v.TENANTRY_HOME), hasAwsCredentials, processEnv: env };
  if (v.DATABASE_URL === undefined) return { ...shared, place: null };
  const wanted = {
    PULUMI_BACKEND_URL: v.PULUMI_BACKEND_URL,
    TENANTRY_SECRETS_PROVIDER: v.TENANTRY_SECRETS_PROVIDER,
  };
  const missing = Object.entries(wanted).filter(([, value]) => value === undefined);
  if (missing.length > 0) {
    throw new Error(`With DATABASE_URL set, ${missing.map(([name]) => name).join(' and ')} must be set too.`);
  }
  const place = {
    databaseUrl: v.DATABASE_URL,
    tenantDatabaseUrl: v.TENANT_DATABASE_URL ?? tenantsBeside(v.DATABASE_URL),
    tenantDatabaseServers: v.TENANT_DATABASE_SERVERS,
    kubeconfig: resolve(v.KUBECONFIG ?? join(homedir(), '.kube', 'config')),
    backendUrl: v.PULUMI_BACKEND_URL ?? '',
    secretsProvider: v.TENANTRY_SECRETS_PROVIDER ?? '',
    cell: v.TENANTRY_CELL,
    variables: {},
  };
  return { ...shared, place };
}

/** The tenants' database, where it is not named: as the worker has it. */
export function tenantsBeside(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `${url.pathname.replace(/^\/$/, '/postgres')}_tenants`;
  return url.href;
}
