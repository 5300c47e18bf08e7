import { readVariables, tenantDatabaseBeside } from '../environment/index.ts';

export interface MigrationEnv {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  readonly logLevel: string;
}

/** @throws Error that names every variable that is missing or wrong */
export function readMigrationEnv(env: NodeJS.ProcessEnv = process.env): MigrationEnv {
  const v = readVariables(env, {
    required: ['DATABASE_URL'],
    defaulted: ['LOG_LEVEL'],
    optional: ['TENANT_DATABASE_URL'],
  });
  return {
    databaseUrl: v.DATABASE_URL,
    tenantDatabaseUrl: v.TENANT_DATABASE_URL ?? tenantDatabaseBeside(v.DATABASE_URL),
    logLevel: v.LOG_LEVEL,
  };
}
