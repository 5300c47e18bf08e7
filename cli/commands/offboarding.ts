/** `tenantry offboarding <tenant>`: the progress of a tenant's end; `--now` begins it, or tries again. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  beginOffboarding,
  type Client,
  getOffboarding,
  type ListOffboardingsData,
  listOffboardings,
  type Offboarding,
} from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import { type ListOptions, type QueryOf, readList } from '../lists.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { tenantId } from '../tenant-id.ts';
import { table, time } from '../text/table.ts';

export interface OffboardingOptions extends Identity, ListOptions {
  now?: boolean;
  yes?: boolean;
  wait?: boolean;
  /** Seconds; default 600. */
  timeout?: number;
}

export async function offboarding(
  connection: Connection,
  output: Output,
  typed: string | undefined,
  options: OffboardingOptions,
): Promise<void> {
  if (typed === undefined) return list(connection, output, options);
  const path = { id: tenantId(typed) };
  if (options.now && !options.yes)
    throw new CliProblem(
      exitCodes.usage,
      'not_confirmed',
      '--now deletes the tenant for good, after an export of it: say --yes, too.',
    );
  const client = await clientAs(connection, options);
  let found = await (options.now ? beginOffboarding : getOffboarding)({ client, path });
  if (options.wait) found = await untilSigned(client, path, output, (options.timeout ?? 600) * 1000);
  output.result(found, () => text(found));
}

async function list(connection: Connection, output: Output, options: OffboardingOptions): Promise<void> {
  const client = await clientAs(connection, options);
  const found = await readList(
    output,
    { list: 'listOffboardings', usual: 'all', options },
    (query: QueryOf<ListOffboardingsData>) => listOffboardings({ client, query }),
    (page) => page.offboardings,
  );
  output.result(found, () =>
    found.offboardings.length === 0
      ? 'No tenant is being deleted.'
      : table(
          ['tenant', 'since', 'at'],
          found.offboardings.map((one) => [one.tenantId, time(one.begunAt), progress(one)]),
        ),
  );
}

async function untilSigned(
  client: Client,
  path: { id: string },
  output: Output,
  timeoutMs: number,
): Promise<Offboarding> {
  const deadlineMs = Date.now() + timeoutMs;
  let told = '';
  for (;;) {
    const found = await getOffboarding({ client, path });
    const line = progress(found);
    if (line !== told) output.progress(line);
    told = line;
    if (found.finishedAt !== null) return found;
    if (Date.now() > deadlineMs)
      throw new CliProblem(exitCodes.failed, 'timeout', `There is no receipt in the time given: ${line}`);
    await delay(300);
  }
}

function progress({ steps, problem, cause }: Offboarding): string {
  const at = steps.findLast(({ state }) => state !== 'waiting');
  const why = cause ?? problem;
  return `${at ? `${at.step}: ${at.state}` : 'not begun'}${why ? ` (${why})` : ''}`;
}

function text(found: Offboarding): string {
  const rows = found.steps.map(({ step, state, attempts, startedAt, finishedAt }) => [
    step,
    state,
    String(attempts),
    startedAt === null ? '-' : time(startedAt),
    finishedAt === null ? '-' : time(finishedAt),
  ]);
  const lines = [table(['step', 'state', 'tries', 'begun', 'ended'], rows)];
  if (found.problem !== null) {
    const again = found.nextTryAt === null ? '' : ` Next try at ${time(found.nextTryAt)}.`;
    lines.push('', `${found.problem}${again}`);
    if (found.cause !== null) lines.push(`Cause: ${found.cause}`);
  }
  if (found.finishedAt !== null)
    lines.push('', `The receipt is signed: npm run -s tenantry -- receipt show ${found.tenantId}`);
  return lines.join('\n');
}
