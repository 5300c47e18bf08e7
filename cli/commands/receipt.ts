/** `tenantry receipt show <tenant>` and `tenantry receipt verify <file>`. */
import { readFile, writeFile } from 'node:fs/promises';
import { getReceipt } from '../../api/client/index.ts';
import {
  keyId,
  NotAReceipt,
  type PublishedKey,
  publicKeyFile,
  type ReceiptBody,
  readPublicKeys,
  signedReceipt,
  verifyReceipt,
} from '../../automation/offboarding/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { tenantId } from '../tenant-id.ts';
import { fields, plain, time } from '../text/table.ts';

/** Larger than any of our receipts. */
const maxBytes = 10 * 1024 * 1024;

export async function showReceipt(
  connection: Connection,
  output: Output,
  typed: string,
  options: Identity & { out?: string },
): Promise<void> {
  const client = await clientAs(connection, options);
  const document = signedReceipt.parse(await getReceipt({ client, path: { id: tenantId(typed) } }));
  if (options.out !== undefined) await writeFile(options.out, `${JSON.stringify(document, null, 2)}\n`);
  output.result(document, () => text(document.receipt));
}

/**
 * Verifies a receipt with keys that the caller trusts: those of `--key`, else the home's. Makes no request.
 * @throws CliProblem `not_valid` with what is wrong
 */
export async function verify(
  home: string,
  output: Output,
  file: string,
  { key }: { key?: string },
): Promise<void> {
  const document = await textOf(file);
  const keys = await keysOf(home, key);
  try {
    const receipt = verifyReceipt(document, keys);
    output.result(
      { valid: true, receipt },
      () => `The receipt is genuine and unchanged.\n\n${text(receipt)}`,
    );
  } catch (error) {
    if (!(error instanceof NotAReceipt)) throw error;
    throw new CliProblem(exitCodes.failed, 'not_valid', `${file} is NOT VALID. ${error.message}`);
  }
}

async function keysOf(home: string, given: string | undefined): Promise<PublishedKey[]> {
  const file = given ?? publicKeyFile(home);
  const text =
    given === undefined
      ? await readFile(file, 'utf8').catch(() => {
          throw new CliProblem(
            exitCodes.usage,
            'no_key',
            `${home} has no key of its own: pass the keys that you trust with --key. The service that signed publishes its keys at /v1/receipt-keys.`,
          );
        })
      : await textOf(file);
  try {
    return readPublicKeys(text, keyId);
  } catch (error) {
    if (!(error instanceof NotAReceipt)) throw error;
    throw new CliProblem(exitCodes.usage, 'no_key', `${file}: ${error.message}`);
  }
}

async function textOf(file: string): Promise<string> {
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CliProblem(
      exitCodes.notFound,
      'not_found',
      `${file} cannot be read: ${error.code ?? error.message}`,
    );
  });
  if (content.length > maxBytes)
    throw new CliProblem(
      exitCodes.failed,
      'not_valid',
      `${file} is NOT VALID. It is too large for a receipt.`,
    );
  return content.toString('utf8');
}

function text(receipt: ReceiptBody): string {
  const { tenant, steps, checks, kept } = receipt;
  const { export: exported, backup } = receipt;
  const lines = [
    fields([
      ['tenant', `${tenant.id} (${tenant.product} ${tenant.plan}, ${tenant.slug})`],
      ['where', `${tenant.namespace} in ${tenant.cell}, ${tenant.region}`],
      ['subscriptions', tenant.subscriptions.join(', ') || 'none'],
      ['signed', `${time(receipt.issuedAt)} by the key ${receipt.keyId}`],
      [
        'export',
        exported.made
          ? `${exported.file}: ${exported.rows} rows of ${exported.tables} tables, sha256 ${exported.sha256}`
          : `none: ${exported.why}`,
      ],
      ['backup', backup.made ? backup.name : `none: ${backup.why}`],
    ]),
    '',
    ...steps.map(({ step, attempts, finishedAt }) =>
      plain(`${step}: ended ${time(finishedAt)}, ${attempts} tries`),
    ),
    '',
    ...checks.flatMap(({ area, places, checkedAt, looked, notes }) => [
      `${area}: nothing found in ${places} places, ${time(checkedAt)}`,
      ...looked.map((line) => plain(`  ${line}`)),
      ...notes.map((line) => plain(`  note: ${line}`)),
    ]),
    '',
    'Kept:',
    ...kept.map((line) => plain(`  ${line}`)),
  ];
  return lines.join('\n');
}
