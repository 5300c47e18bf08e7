/** Checks the output `cell` of a platform stack. */
import { z } from 'zod';
import { databaseServerPattern } from '../../tenants/catalog/names.ts';
import type { SyncedCell } from '../store/cells.ts';

const text = z.string().min(1);

/** What `infra/cell.ts` writes. Ignores keys that are not named here. */
export const cellOutput = z.looseObject({
  id: text,
  region: text,
  home: z.boolean(),
  cluster: z.looseObject({ name: text, endpoint: z.url() }),
  database: z.looseObject({
    /** Of the server in RDS. */
    identifier: text,
    host: text,
    port: z.int().positive(),
    proxyHost: text,
    secretArn: text,
    /** Servers for one tenant each; `tenant` is the slug of the tenant that ordered it. */
    dedicated: z
      .array(
        z.looseObject({
          name: z.string().regex(databaseServerPattern),
          host: text,
          port: z.int().positive(),
          tenant: text.nullable(),
        }),
      )
      .default([]),
    /** Read replicas, named `<identifier>-replica-1` and so on. */
    replicas: z.int().nonnegative(),
  }),
  state: z.looseObject({
    bucket: text,
    url: z.string().regex(/^(s3|gs|azblob|file):\/\//, 'must be an s3://, gs://, azblob:// or file:// URL'),
    secretsProvider: text,
  }),
  publicUrl: z.url(),
  recovery: z.looseObject({
    /** Where backups are copied to; null without copies. */
    region: text.nullable(),
    databaseArn: text,
    stateBucket: text.nullable(),
    backupsBucket: text.nullable(),
    /** Route 53's health check that moves the API's name to another region; null without failover. */
    healthCheckId: text.nullable(),
  }),
});
export type CellOutput = z.infer<typeof cellOutput>;

/** The output is not what the platform's program writes. */
export class WrongCellOutput extends Error {
  override readonly name = 'WrongCellOutput';
}

/** @throws WrongCellOutput that names every wrong key */
export function readCellOutput(value: unknown, source: string): CellOutput {
  const parsed = cellOutput.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(
    (issue) => `  ${['cell', ...issue.path].join('.')}: ${issue.message}`,
  );
  throw new WrongCellOutput(`${source} has no usable output "cell":\n${lines.join('\n')}`);
}

export function syncedCell(output: CellOutput): SyncedCell {
  return {
    id: output.id,
    region: output.region,
    home: output.home,
    cluster: output.cluster.name,
    database: output.database.host,
    stateBucket: output.state.url,
    outputs: output,
  };
}
