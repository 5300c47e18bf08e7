/** One look at an area: read, compare, record what was found, and heal what heals by itself. */
import { type NewAuditEntry, record } from '../store/audit.ts';
import type { Queryable } from '../store/database.ts';
import { compareCell } from './compare-cell.ts';
import { compareMoney } from './compare-money.ts';
import { moneyArea, type ReconcileContext } from './context.ts';
import {
  deleteFindingsBefore,
  endFindings,
  type Finding,
  insertFindings,
  listOpenFindings,
  noteHeals,
  type Seen,
  updateFindings,
} from './findings.ts';
import { heal, reportUsageAgain } from './heal.ts';
import { factsOf, type Kind, kinds, type Observation } from './kinds.ts';
import { type LookOutcome, type OpenFinding, takeLook } from './looks.ts';
import { type Looked, readCellWorld, readMoneyWorld } from './read-world.ts';
import { removeLeftObject } from './service-objects.ts';

/** Most rows that one statement writes. */
const batch = 1000;

export interface LookResult {
  readonly looked: Looked;
  /** How many disagreements were seen, whether or not they count. */
  readonly observed: number;
  /** True when only another look can tell some of them from work under way. */
  readonly needsSecondLook: boolean;
  readonly healed: number;
}

/** @param options.heals false to report without healing */
export async function lookAt(
  context: ReconcileContext,
  area: string,
  options: { heals: boolean },
): Promise<LookResult> {
  const { database, policy } = context;
  const looked: Looked = {};
  const { observed, isBusy } = await observeArea(context, area, looked);
  const known = await listOpenFindings(database, area);
  const now = context.now();
  const outcome = takeLook(known.flatMap(openFinding), observed, {
    now,
    heals: options.heals,
    policy,
    isBusy,
  });
  const ids = await database.transaction((client) => write(client, area, known, outcome, now));
  const observations = new Map(observed.map((observation) => [observation.key, observation]));
  let healed = 0;
  for (const key of outcome.heal) {
    const id = ids.get(key);
    const observation = observations.get(key);
    if (id !== undefined && observation) healed += await healOne(context, id, observation);
  }
  if (outcome.heal.some((key) => key.startsWith('unreported-usage:'))) await reportUsageAgain(context);
  await deleteFindingsBefore(database, new Date(now.getTime() - policy.keptMs), batch);
  return {
    looked,
    observed: observed.length,
    needsSecondLook: outcome.added.some(({ state }) => state === 'suspected'),
    healed,
  };
}

async function observeArea(
  context: ReconcileContext,
  area: string,
  looked: Looked,
): Promise<{ observed: Observation[]; isBusy: (finding: OpenFinding) => boolean }> {
  if (area === moneyArea) {
    const world = await readMoneyWorld(context, looked);
    const { tenants, subscriptions } = world.busy;
    return {
      observed: compareMoney(world),
      isBusy: ({ tenantId, subscriptionId }) =>
        tenants.has(tenantId ?? '') || subscriptions.has(subscriptionId ?? ''),
    };
  }
  const world = await readCellWorld(context, looked);
  return { observed: compareCell(world), isBusy: ({ tenantId }) => world.busy.has(tenantId ?? '') };
}

function openFinding({ kind, ...finding }: Finding): OpenFinding[] {
  // Another version may have written a kind that this one does not know. Its finding ends with the next look.
  return isKind(kind) ? [{ ...finding, kind }] : [{ ...finding, kind: 'stale-record' }];
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(kinds, kind);
}

/** Writes a look in one transaction. Returns the ids of everything that it saw, by key. */
async function write(
  client: Queryable,
  area: string,
  known: readonly Finding[],
  { added, seen, ended }: LookOutcome,
  now: Date,
): Promise<Map<string, number>> {
  const ids = new Map(seen.map(({ id, observation }) => [observation.key, id]));
  for (const part of batches(added)) {
    const rows = part.map(({ observation, state }) => seenOf(observation, state));
    for (const [key, id] of await insertFindings(client, area, rows, now)) ids.set(key, id);
  }
  for (const part of batches(seen)) {
    const rows = part.map(({ id, was, state, observation }) => ({ id, was, ...seenOf(observation, state) }));
    await updateFindings(client, rows, now);
  }
  await endFindings(client, ended, now);
  const entries: NewAuditEntry[] = [];
  for (const { observation, state } of added)
    if (state !== 'suspected')
      entries.push(entryOf('finding.opened', ids.get(observation.key), observation, state));
  for (const { id, observation, state, isNews, was } of seen)
    if (isNews) entries.push(entryOf('finding.opened', id, observation, state));
    else if (was === 'healing' && state === 'waiting')
      entries.push(entryOf('finding.escalated', id, observation, state));
  const byId = new Map(known.map((finding) => [finding.id, finding]));
  for (const { id, counted } of ended) {
    const finding = byId.get(id);
    if (finding && counted) entries.push(entryOf('finding.ended', id, finding, finding.state));
  }
  // Audit entries lock their tenants, so all writers must take them in the same order.
  entries.sort((a, b) => ((a.tenantId ?? '') < (b.tenantId ?? '') ? -1 : 1));
  for (const part of batches(entries)) await record(client, ...part);
  return ids;
}

function seenOf(observation: Observation, state: Finding['state']): Seen {
  const { key, kind, subject, tenantId, subscriptionId, cause, data } = observation;
  return { key, kind, subject, tenantId, subscriptionId, cause, data, state };
}

const messages: Record<string, string> = {
  'finding.opened': 'The reconciler found',
  'finding.escalated': 'Healing did not help, an operator must look at',
  'finding.ended': 'The reconciler finds no more',
};

function entryOf(
  kind: string,
  id: number | undefined,
  about: Pick<Finding, 'kind' | 'subject' | 'cause' | 'tenantId' | 'subscriptionId'>,
  state: string,
): NewAuditEntry {
  return {
    tenantId: about.tenantId,
    subscriptionId: about.subscriptionId,
    kind,
    message: `${messages[kind]} ${about.kind} (${about.subject}): ${about.cause}`,
    data: { finding: id ?? null, kind: about.kind, state },
    audience: 'operator',
  };
}

/**
 * Heals in its own transaction, so that one healing does not wait for the others. Returns 1, or 0 when it failed.
 */
async function healOne(context: ReconcileContext, id: number, observation: Observation): Promise<0 | 1> {
  const { database, log, now } = context;
  try {
    await database.transaction(async (client) => {
      await noteHeals(client, [id], now());
      await heal(client, context.cell, observation);
      await record(client, {
        tenantId: observation.tenantId,
        subscriptionId: observation.subscriptionId,
        kind: 'finding.healing',
        message: `The reconciler heals ${observation.kind} (${observation.subject})`,
        data: { finding: id, kind: observation.kind },
        audience: 'operator',
      });
    });
    if (factsOf(observation.kind).heals === 'remove-object') await removeLeftObject(context, observation);
    return 1;
  } catch (error) {
    log.error({ finding: id, kind: observation.kind, error }, 'cannot heal a finding');
    return 0;
  }
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += batch) yield items.slice(start, start + batch);
}
