/** `tenantry export <tenant>`: requests an export, waits, downloads the file and verifies its hash. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  listExports,
  requestExport,
  streamExport,
  type TenantExport,
} from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { tenantId } from '../tenant-id.ts';
import { table } from '../text/table.ts';

export interface ExportOptions extends Identity {
  out?: string;
  list?: boolean;
  id?: string;
  /** Seconds; default 600. */
  timeout?: number;
}

export async function exportTenant(
  connection: Connection,
  output: Output,
  typed: string,
  options: ExportOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const path = { id: tenantId(typed) };
  if (options.list) {
    const { exports } = await listExports({ client, path, query: { limit: 200 } });
    return output.result({ exports }, () => listText(exports));
  }
  const wanted = options.id === undefined ? (await requestExport({ client, path })).id : numberOf(options.id);
  const ready = await untilReady(client, path, wanted, Date.now() + (options.timeout ?? 600) * 1000);
  const file = resolve(options.out ?? `${path.id}-${wanted}.jsonl.gz`);
  await fetchFile(client, { ...path, export: wanted }, file, ready);
  output.result(
    { ...ready, file },
    () =>
      `${file}: ${ready.rows} rows of ${ready.tables} tables, ${ready.bytes} bytes, sha256 ${ready.sha256}`,
  );
}

function numberOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new CliProblem(exitCodes.usage, 'usage', '--id takes the number of an export; --list shows them.');
}

async function untilReady(
  client: Client,
  path: { id: string },
  id: number,
  deadlineMs: number,
): Promise<TenantExport> {
  for (;;) {
    const found = (await listExports({ client, path, query: { limit: 200 } })).exports.find(
      (one) => one.id === id,
    );
    if (!found) throw new CliProblem(exitCodes.notFound, 'not_found', `This tenant has no export ${id}.`);
    if (found.state === 'ready') return found;
    if (found.state === 'expired')
      throw new CliProblem(exitCodes.failed, 'expired', `Export ${id} has expired; request another.`);
    if (Date.now() > deadlineMs)
      throw new CliProblem(
        exitCodes.failed,
        'timeout',
        `The export is not ready in the time given. ${found.problem ?? ''} It continues; fetch it with --id ${id}.`,
      );
    await delay(300);
  }
}

/** The whole file under its name, or nothing. */
async function fetchFile(
  client: Client,
  path: { id: string; export: number },
  file: string,
  { sha256 }: TenantExport,
): Promise<void> {
  const unfinished = `${file}.part`;
  const hash = createHash('sha256');
  const content = await streamExport(client, path, AbortSignal.timeout(3_600_000));
  try {
    await pipeline(
      async function* () {
        for await (const chunk of content) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(unfinished, { mode: 0o600 }),
    );
    if (hash.digest('hex') !== sha256)
      throw new CliProblem(
        exitCodes.failed,
        'damaged',
        'The file that arrived is not the export; try again.',
      );
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function listText(exports: readonly TenantExport[]): string {
  if (exports.length === 0) return 'This tenant has no exports.';
  return table(
    ['export', 'why', 'state', 'asked for', 'rows', 'bytes', 'kept until'],
    exports.map((one) => [
      String(one.id),
      one.reason,
      one.state,
      one.requestedAt,
      String(one.rows ?? '-'),
      String(one.bytes ?? '-'),
      one.expiresAt ?? '-',
    ]),
  );
}
