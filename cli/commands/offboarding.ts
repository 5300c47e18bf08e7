/** `tenantry offboarding <tenant>`: how far a tenant's end is; `--now` begins it, or tries again. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiClient, tenantPath } from '../api-client.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { table, time } from '../text/table.ts';

export interface OffboardingOptions extends Identity {
  now?: boolean;
  yes?: boolean;
  wait?: boolean;
  /** Seconds; default 600. */
  timeout?: number;
}

const journal = z.looseObject({
  tenantId: z.string(),
  begunAt: z.string(),
  finishedAt: z.string().nullable(),
  problem: z.string().nullable(),
  cause: z.string().nullable(),
  nextTryAt: z.string().nullable(),
  steps: z.array(
    z.looseObject({
      step: z.string(),
      state: z.string(),
      attempts: z.number(),
      startedAt: z.string().nullable(),
      finishedAt: z.string().nullable(),
    }),
  ),
});
type Journal = z.infer<typeof journal>;

export async function offboarding(
  connection: Connection,
  output: Output,
  tenantId: string | undefined,
  options: OffboardingOptions,
): Promise<void> {
  if (tenantId === undefined) return listOpen(connection, output, options);
  const path = `${tenantPath(tenantId)}/offboarding`;
  if (options.now && !options.yes)
    throw new CliProblem(
      exitCodes.usage,
      'not_confirmed',
      '--now deletes the tenant for good, after an export of it: say --yes, too.',
    );
  const api = await apiAs(connection, options);
  let found = options.now ? await api.post(path, {}, journal) : await api.get(path, journal);
  if (options.wait) found = await untilSigned(api, path, output, (options.timeout ?? 600) * 1000);
  output.result(found, () => text(found));
}

async function listOpen(connection: Connection, output: Output, identity: Identity): Promise<void> {
  const api = await apiAs(connection, identity);
  const found = await api.get('/v1/offboardings', z.object({ offboardings: z.array(journal) }));
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
  api: ApiClient,
  path: string,
  output: Output,
  timeoutMs: number,
): Promise<Journal> {
  const deadlineMs = Date.now() + timeoutMs;
  let told = '';
  for (;;) {
    const found = await api.get(path, journal);
    const line = progress(found);
    if (line !== told) output.progress(line);
    told = line;
    if (found.finishedAt !== null) return found;
    if (Date.now() > deadlineMs)
      throw new CliProblem(exitCodes.failed, 'timeout', `There is no receipt in the time given: ${line}`);
    await delay(300);
  }
}

function progress({ steps, problem, cause }: Journal): string {
  const at = steps.findLast(({ state }) => state !== 'waiting');
  const why = cause ?? problem;
  return `${at ? `${at.step}: ${at.state}` : 'not begun'}${why ? ` (${why})` : ''}`;
}

function text(found: Journal): string {
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
