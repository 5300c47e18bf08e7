import { readVariables, tenantDatabaseOf } from '../environment/index.ts';

export interface MigrationEnv {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  /** It may be on the control plane's server. */
  readonly tenantsShareServer: boolean;
  readonly logLevel: string;
}

/** @throws Error that names every variable that is missing or wrong */
export function readMigrationEnv(env: NodeJS.ProcessEnv = process.env): MigrationEnv {
  const v = readVariables(env, {
    required: ['DATABASE_URL'],
    defaulted: ['LOG_LEVEL', 'TENANTRY_TENANTS_SHARE_DATABASE_SERVER'],
    optional: ['TENANT_DATABASE_URL'],
  });
  return {
    databaseUrl: v.DATABASE_URL,
    tenantDatabaseUrl: tenantDatabaseOf(v),
    tenantsShareServer: v.TENANTRY_TENANTS_SHARE_DATABASE_SERVER,
    logLevel: v.LOG_LEVEL,
  };
}
