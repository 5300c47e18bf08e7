/** Where exports go and which key signs receipts. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readVariables } from '../environment/index.ts';

export interface ExportsEnv {
  /** Folder or bucket that keeps exports. */
  readonly exportsUrl: string;
  readonly exportDays: number;
}

export interface OffboardingEnv extends ExportsEnv {
  /** PEM of the key for receipts; undefined to use the home's key. */
  readonly receiptKey: string | undefined;
  /** Places of tenants in buckets, with `{tenant}` or `{namespace}` in them. */
  readonly tenantBuckets: readonly string[];
}

/**
 * @param home of the installation, already resolved
 * @throws Error that names every variable that is wrong
 */
export function readOffboardingEnv(home: string, env: NodeJS.ProcessEnv = process.env): OffboardingEnv {
  const v = readVariables(env, {
    defaulted: ['TENANTRY_TENANT_BUCKETS'],
    optional: ['TENANTRY_RECEIPT_KEY'],
  });
  return {
    ...exportsIn(home, env),
    receiptKey: v.TENANTRY_RECEIPT_KEY,
    tenantBuckets: v.TENANTRY_TENANT_BUCKETS,
  };
}

/** Only what the API needs to serve exports. */
export function readExportsEnv(env: NodeJS.ProcessEnv = process.env): ExportsEnv {
  return exportsIn(readVariables(env, { defaulted: ['TENANTRY_HOME'] }).TENANTRY_HOME, env);
}

function exportsIn(home: string, env: NodeJS.ProcessEnv): ExportsEnv {
  const v = readVariables(env, {
    defaulted: ['TENANTRY_EXPORT_DAYS'],
    optional: ['TENANTRY_EXPORTS_URL'],
  });
  return {
    exportsUrl: v.TENANTRY_EXPORTS_URL ?? pathToFileURL(join(home, 'exports')).href,
    exportDays: v.TENANTRY_EXPORT_DAYS,
  };
}
