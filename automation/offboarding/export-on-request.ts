import type { Logger } from 'pino';
import { type Policy, retryDelayMs } from '../policy.ts';
import { record } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { findTenant } from '../store/tenants.ts';
import { withTurn } from '../store/turns.ts';
import {
  ExportTakenOver,
  findExport,
  listExpiredExports,
  noteExportFailure,
  noteExportRemoved,
} from './exports.ts';
import { type ExportContext, filesOf, makeExport } from './make-export.ts';

export interface RequestedExportContext extends ExportContext {
  readonly database: Database;
  readonly policy: Pick<Policy, 'leaseTtlMs' | 'retryBaseMs' | 'retryMaxMs'>;
  readonly log: Logger;
  readonly workerId: string;
}

/** Makes a requested export, unless it is finished or another process is making it. */
export async function exportOnRequest(context: RequestedExportContext, exportId: number): Promise<void> {
  const { database, workerId, policy, log, now } = context;
  const turn = { name: `export:${exportId}`, holder: workerId, ttlMs: policy.leaseTtlMs };
  await withTurn(database, turn, async () => {
    const wanted = await findExport(database, exportId);
    const tenant = wanted && (await findTenant(database, wanted.tenantId));
    if (!wanted || !tenant || wanted.finishedAt) return;
    try {
      const { bytes, rows, tables } = await makeExport(context, wanted, tenant);
      await record(database, {
        tenantId: tenant.id,
        kind: 'export.made',
        message: `The requested export is ready: ${rows} rows of ${tables} tables`,
        data: { export: exportId, bytes, rows, tables },
      });
    } catch (error) {
      if (error instanceof ExportTakenOver) return;
      const cause = error instanceof Error ? error.message : String(error);
      log.warn({ tenant: tenant.id, export: exportId, cause }, 'an export failed');
      const nextTryAt = new Date(now().getTime() + retryDelayMs(policy, wanted.attempts));
      await noteExportFailure(database, exportId, wanted.attempt + 1, { cause, nextTryAt });
    }
  });
}

/** Removes the files of expired exports. */
export async function removeExpiredExports(
  { database, files, now }: Pick<RequestedExportContext, 'database' | 'files' | 'now'>,
  cell: string,
  limit: number,
): Promise<void> {
  for (const { id, tenantId } of await listExpiredExports(database, cell, now(), limit)) {
    for (const file of await filesOf(files, tenantId, id)) await files.remove(file);
    await noteExportRemoved(database, id);
  }
}
