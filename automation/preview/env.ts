/** What a preview reads from the environment. */
import { readVariables, tenantDatabaseOf } from '../environment/index.ts';

/** The database, state and cluster of a fleet. */
export interface FleetPlace {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  /** Database servers for single tenants, by name. */
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
  /** An installation named by variables, like a worker's; null when `DATABASE_URL` is not set. */
  readonly place: FleetPlace | null;
  /** Home of a local installation. */
  readonly home: string;
  /** True when the environment has credentials of an AWS account. */
  readonly hasAwsCredentials: boolean;
  readonly processEnv: NodeJS.ProcessEnv;
}

/** @throws Error that names every variable that is missing or wrong */
export function readPreviewEnv(env: NodeJS.ProcessEnv = process.env): PreviewEnv {
  const v = readVariables(env, {
    defaulted: [
      'TENANT_DATABASE_SERVERS',
      'TENANTRY_TENANTS_SHARE_DATABASE_SERVER',
      'KUBECONFIG',
      'TENANTRY_CELL',
      'TENANTRY_HOME',
    ],
    optional: ['DATABASE_URL', 'TENANT_DATABASE_URL'],
  });
  const shared = { home: v.TENANTRY_HOME, hasAwsCredentials: hasAwsCredentials(env), processEnv: env };
  if (v.DATABASE_URL === undefined) return { ...shared, place: null };
  const stacks = readVariables(env, {
    required: ['PULUMI_BACKEND_URL', 'TENANTRY_SECRETS_PROVIDER'],
    requiredWith: 'DATABASE_URL',
  });
  const place = {
    databaseUrl: v.DATABASE_URL,
    tenantDatabaseUrl: tenantDatabaseOf({ ...v, DATABASE_URL: v.DATABASE_URL }),
    tenantDatabaseServers: v.TENANT_DATABASE_SERVERS,
    kubeconfig: v.KUBECONFIG,
    backendUrl: stacks.PULUMI_BACKEND_URL,
    secretsProvider: stacks.TENANTRY_SECRETS_PROVIDER,
    cell: v.TENANTRY_CELL,
    variables: {},
  };
  return { ...shared, place };
}

/** Whether there are credentials where AWS's SDKs look first. */
export function hasAwsCredentials(env: NodeJS.ProcessEnv): boolean {
  const found = readVariables(env, {
    optional: [
      'AWS_ACCESS_KEY_ID',
      'AWS_PROFILE',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    ],
  });
  return Object.values(found).some((value) => value !== undefined);
}
