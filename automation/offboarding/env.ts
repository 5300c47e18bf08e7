/** Where exports go and what receipts are signed with. */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { parseVariables } from '../env.ts';

const storeUrl = /^(file|s3):\/\//;

const variables = z.object({
  TENANTRY_EXPORTS_URL: z.string().regex(storeUrl, 'must be a file:// or s3:// URL').optional(),
  TENANTRY_EXPORT_DAYS: z.coerce.number().int().min(1).max(3650).default(30),
  TENANTRY_RECEIPT_KEY: z
    .string()
    .regex(/^-----BEGIN PRIVATE KEY-----/, 'must be an Ed25519 private key in PEM (PKCS #8)')
    .optional(),
  TENANTRY_TENANT_BUCKETS: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .pipe(
      z.array(
        z
          .string()
          .regex(/^s3:\/\//, 'must be s3:// URLs, separated by commas')
          .refine((url) => /\{(tenant|namespace)\}/.test(url), 'must name {tenant} or {namespace}'),
      ),
    )
    .default([]),
});

export interface ExportsEnv {
  /** Folder or bucket that exports are kept in. */
  readonly exportsUrl: string;
  readonly exportDays: number;
}

export interface OffboardingEnv extends ExportsEnv {
  /** PEM of the key for receipts; undefined where the home keeps one. */
  readonly receiptKey: string | undefined;
  /** Places of tenants in buckets, with `{tenant}` or `{namespace}` in them. */
  readonly tenantBuckets: readonly string[];
}

/**
 * @param home of the installation, already resolved
 * @throws Error that names every variable that is wrong
 */
export function readOffboardingEnv(home: string, env: NodeJS.ProcessEnv = process.env): OffboardingEnv {
  const v = parseVariables(variables, env);
  return {
    ...exportsOf(home, v),
    receiptKey: v.TENANTRY_RECEIPT_KEY,
    tenantBuckets: v.TENANTRY_TENANT_BUCKETS,
  };
}

/** Only what the API needs, which hands exports out. */
export function readExportsEnv(env: NodeJS.ProcessEnv = process.env): ExportsEnv {
  const wanted = variables
    .pick({ TENANTRY_EXPORTS_URL: true, TENANTRY_EXPORT_DAYS: true })
    .extend({ TENANTRY_HOME: z.string().min(1).default('.tenantry') });
  const v = parseVariables(wanted, env);
  return exportsOf(resolve(v.TENANTRY_HOME), v);
}

function exportsOf(
  home: string,
  v: { TENANTRY_EXPORTS_URL?: string | undefined; TENANTRY_EXPORT_DAYS: number },
): ExportsEnv {
  return {
    exportsUrl: v.TENANTRY_EXPORTS_URL ?? pathToFileURL(join(home, 'exports')).href,
    exportDays: v.TENANTRY_EXPORT_DAYS,
  };
}
