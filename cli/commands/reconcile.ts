/** `tenantry reconcile`: compares money, rows and infrastructure now, and reports what it found. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  approveFinding,
  reconcile as askReconciliation,
  type Client,
  dismissFinding,
  type Finding,
  type FindingList,
  getReconciliation,
  listFindings,
  type Reconciliation,
} from '../../api/client/index.ts';
import { type Connection, clientAs } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, type ExitCode, exitCodes } from '../problem.ts';
import { findingsText } from '../text/findings.ts';

export interface ReconcileOptions {
  dryRun?: boolean;
  /** Seconds; default 120. */
  timeout?: number;
}

const pollMs = 500;

/** @returns `waiting` when findings wait for an operator */
export async function reconcile(
  connection: Connection,
  output: Output,
  { dryRun = false, timeout = 120 }: ReconcileOptions,
): Promise<ExitCode> {
  const client = await clientAs(connection, {});
  const areas = await compared(client, output, { dryRun, timeoutMs: timeout * 1000 });
  const findings = await openFindings(client);
  output.result({ dryRun, areas, findings }, () => findingsText(areas, findings));
  const failed = areas.filter(({ failure }) => failure !== null);
  if (failed.length > 0) return exitCodes.failed;
  return findings.some(({ state }) => state === 'waiting') ? exitCodes.waiting : exitCodes.ok;
}

/** Requests the comparison, and waits until every area was compared. */
async function compared(
  client: Client,
  output: Output,
  { dryRun, timeoutMs }: { dryRun: boolean; timeoutMs: number },
): Promise<Reconciliation[]> {
  const asked = (await askReconciliation({ client, body: { dryRun } })).areas;
  if (asked.length === 0)
    throw new CliProblem(exitCodes.failed, 'no_worker', 'No worker that compares has run yet.');
  output.progress(`Comparing ${asked.map(({ area }) => area).join(', ')} …`);
  const wanted = new Map(asked.map((area) => [area.area, area.asked]));
  const endAt = Date.now() + timeoutMs;
  for (;;) {
    const { areas } = await getReconciliation({ client });
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

async function openFindings(client: Client): Promise<Finding[]> {
  const findings: Finding[] = [];
  let cursor: string | null = null;
  do {
    const page: FindingList = await listFindings({
      client,
      query: { limit: 200, ...(cursor !== null && { cursor }) },
    });
    findings.push(...page.findings);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return findings;
}

const decisions = { approve: approveFinding, dismiss: dismissFinding } as const;

/** Approves or dismisses findings, one after the other; stops at one that cannot be decided. */
export async function decide(
  connection: Connection,
  output: Output,
  decision: keyof typeof decisions,
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
  const client = await clientAs(connection, {});
  const decided: Finding[] = [];
  for (const id of ids) {
    const body = note === undefined ? {} : { note };
    decided.push(await decisions[decision]({ client, path: { id }, body }));
  }
  output.result({ findings: decided }, () =>
    decided.map(({ id, kind, subject, state }) => `${id}  ${kind} (${subject}) is ${state}`).join('\n'),
  );
}
