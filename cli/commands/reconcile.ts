/** `tenantry reconcile`: compares money, rows and infrastructure now, and tells what it found. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from '../api-client.ts';
import { apiAs, type Connection } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, type ExitCode, exitCodes } from '../problem.ts';
import { findingsText } from '../text/findings.ts';

export interface ReconcileOptions {
  dryRun?: boolean;
  /** Seconds; default 120. */
  timeout?: number;
}

const areaSchema = z.looseObject({
  area: z.string(),
  asked: z.number(),
  answered: z.number(),
  durationMs: z.number().nullable(),
  looked: z.record(z.string(), z.object({ calls: z.number(), items: z.number() })),
  failure: z.string().nullable(),
});
const areasSchema = z.looseObject({ areas: z.array(areaSchema) });
export type Area = z.infer<typeof areaSchema>;

const findingSchema = z.looseObject({
  id: z.number(),
  kind: z.string(),
  subject: z.string(),
  cause: z.string(),
  action: z.string(),
  state: z.string(),
  canApprove: z.boolean(),
  ageSeconds: z.number(),
  heals: z.number(),
});
const findingsSchema = z.looseObject({
  findings: z.array(findingSchema),
  nextCursor: z.string().nullable(),
});
export type Finding = z.infer<typeof findingSchema>;

const pollMs = 500;

/** @returns `waiting` when findings wait for an operator */
export async function reconcile(
  connection: Connection,
  output: Output,
  { dryRun = false, timeout = 120 }: ReconcileOptions,
): Promise<ExitCode> {
  const api = await apiAs(connection, {});
  const areas = await compared(api, output, { dryRun, timeoutMs: timeout * 1000 });
  const findings = await openFindings(api);
  output.result({ dryRun, areas, findings }, () => findingsText(areas, findings));
  const failed = areas.filter(({ failure }) => failure !== null);
  if (failed.length > 0) return exitCodes.failed;
  return findings.some(({ state }) => state === 'waiting') ? exitCodes.waiting : exitCodes.ok;
}

/** Asks, and waits until every area was compared. */
async function compared(
  api: ApiClient,
  output: Output,
  { dryRun, timeoutMs }: { dryRun: boolean; timeoutMs: number },
): Promise<Area[]> {
  const asked = (await api.post('/v1/reconciliation', { dryRun }, areasSchema)).areas;
  if (asked.length === 0)
    throw new CliProblem(exitCodes.failed, 'no_worker', 'No worker has been here yet that could compare.');
  output.progress(`Comparing ${asked.map(({ area }) => area).join(', ')} …`);
  const wanted = new Map(asked.map((area) => [area.area, area.asked]));
  const endAt = Date.now() + timeoutMs;
  for (;;) {
    const { areas } = await api.get('/v1/reconciliation', areasSchema);
    const missing = areas.filter(({ area, answered }) => answered < (wanted.get(area) ?? 0));
    if (missing.length === 0) return areas;
    if (Date.now() > endAt) {
      const names = missing.map(({ area }) => area).join(', ');
      throw new CliProblem(
        exitCodes.failed,
        'no_answer',
        `Not compared within ${timeoutMs / 1000} s: ${names}. Does a worker run there?`,
      );
    }
    await delay(pollMs);
  }
}

async function openFindings(api: ApiClient): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: z.infer<typeof findingsSchema> = await api.get(
      `/v1/findings?limit=500${cursor && `&cursor=${cursor}`}`,
      findingsSchema,
    );
    findings.push(...page.findings);
    cursor = page.nextCursor;
  }
  return findings;
}

/** Approves or dismisses findings, one after the other; what cannot be decided ends it. */
export async function decide(
  connection: Connection,
  output: Output,
  decision: 'approve' | 'dismiss',
  ids: readonly string[],
  { note }: { note?: string },
): Promise<void> {
  for (const id of ids)
    if (!/^\d{1,15}$/.test(id))
      throw new CliProblem(
        exitCodes.usage,
        'usage',
        `${JSON.stringify(id)} is no finding: \`npm run -s tenantry -- reconcile\` shows their numbers.`,
      );
  const api = await apiAs(connection, {});
  const decided: Finding[] = [];
  for (const id of ids) {
    const body = note === undefined ? {} : { note };
    decided.push(await api.post(`/v1/findings/${id}/${decision}`, body, findingSchema));
  }
  output.result({ findings: decided }, () =>
    decided.map(({ id, kind, subject, state }) => `${id}  ${kind} (${subject}) is ${state}`).join('\n'),
  );
}
