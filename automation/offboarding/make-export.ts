/** Makes a whole export: writes it, reads it back, and only then records it. */
import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Queryable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';
import { type ExportSources, exportLines } from './export-lines.ts';
import {
  beginExport,
  type ExportFacts,
  ExportTakenOver,
  finishExport,
  type TenantExport,
} from './exports.ts';
import type { FileStore } from './file-store.ts';

export interface ExportContext extends ExportSources {
  readonly database: Queryable;
  readonly files: FileStore;
  /** How long an export is kept. */
  readonly exportDays: number;
}

/**
 * Makes the export. Every attempt writes a file of its own and removes those of earlier ones, so that whatever is
 * killed when, one file remains in the end, with the recorded hash.
 * @throws ExportTakenOver when somebody else began it meanwhile
 */
export async function makeExport(
  context: ExportContext,
  wanted: Pick<TenantExport, 'id'>,
  tenant: Tenant,
): Promise<ExportFacts> {
  const { database, files, now } = context;
  const attempt = await beginExport(database, wanted.id);
  if (attempt === null) throw new ExportTakenOver(wanted.id);
  const file = fileOf(tenant.id, wanted.id, attempt);
  for (const left of await filesOf(files, tenant.id, wanted.id)) {
    // A later attempt's file is not ours to remove: this process may have been stopped for long.
    if (attemptOf(left) < attempt) await files.remove(left);
  }

  const counts = { tables: 0, rows: 0 };
  const measure = measured();
  const content = Readable.from(exportLines(context, tenant, counts));
  // A failure in the middle fails the write, which then leaves no file.
  const flowing = pipeline(content, createGzip(), measure.stream);
  await Promise.all([flowing, files.write(file, measure.stream)]);
  const { sha256, bytes } = measure.result();

  const kept = await hashOf(files, file);
  if (kept !== sha256)
    throw new Error(`the export reads back differently: ${kept ?? 'nothing'} for ${sha256}`);
  const facts: ExportFacts = {
    file,
    url: files.urlOf(file),
    sha256,
    bytes,
    ...counts,
    expiresAt: new Date(now().getTime() + context.exportDays * 24 * 3_600_000),
  };
  try {
    await finishExport(database, wanted.id, attempt, facts);
  } catch (error) {
    if (error instanceof ExportTakenOver) await files.remove(file);
    throw error;
  }
  return facts;
}

const stemOf = (tenantId: string, exportId: number) => `${tenantId}/export-${exportId}-`;
const fileOf = (tenantId: string, exportId: number, attempt: number) =>
  `${stemOf(tenantId, exportId)}${attempt}.jsonl.gz`;
const attemptOf = (file: string) => Number(/-(\d+)\.jsonl\.gz/.exec(file)?.[1] ?? 0);

/** Every file that attempts at an export have written, or begun to write. */
export function filesOf(files: FileStore, tenantId: string, exportId: number): Promise<string[]> {
  return files.list(stemOf(tenantId, exportId));
}

/** Passes bytes through, and knows their hash and number at the end. */
function measured() {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, result: () => ({ sha256: hash.digest('hex'), bytes }) };
}

async function hashOf(files: FileStore, name: string): Promise<string | null> {
  const content = await files.read(name);
  if (!content) return null;
  const hash = createHash('sha256');
  await pipeline(content, hash);
  return hash.digest('hex');
}
