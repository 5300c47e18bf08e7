import {
  approveFinding,
  askReconciliation,
  type Decision,
  dismissFinding,
  type Finding,
  factsOf,
  type Kind,
  kinds,
  listFindings,
  listReconciliations,
  type Outcome,
  type Reconciliation,
} from '../../automation/reconcile/index.ts';
import { operatorsOnly } from '../access.ts';
import {
  decisionBody,
  type FindingView,
  finding,
  findingList,
  findingParams,
  findingsQuery,
  reconcileBody,
  reconciliations,
} from '../contract/findings.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { byId, readPage } from '../lists.ts';
import { type Principal, signedIn } from '../principal.ts';
import { createRoute, createRouter, json, jsonBody, problemResponses } from '../router.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/findings',
  operationId: 'listFindings',
  tags: ['Reconciliation'],
  summary: 'Where money and infrastructure disagree; for operators',
  access: operatorsOnly,
  request: { query: findingsQuery },
  responses: { 200: json('One page', findingList), ...problemResponses },
});
const approve = createRoute({
  method: 'post',
  path: '/v1/findings/{id}/approve',
  operationId: 'approveFinding',
  tags: ['Reconciliation'],
  summary: 'Approve what the finding proposes; for operators',
  access: operatorsOnly,
  request: { params: findingParams, body: jsonBody(decisionBody) },
  responses: { 200: json('It is being done', finding), ...problemResponses },
});
const dismiss = createRoute({
  method: 'post',
  path: '/v1/findings/{id}/dismiss',
  operationId: 'dismissFinding',
  tags: ['Reconciliation'],
  summary: 'Leave the finding alone for as long as it lasts; for operators',
  access: operatorsOnly,
  request: { params: findingParams, body: jsonBody(decisionBody) },
  responses: { 200: json('Dismissed', finding), ...problemResponses },
});
const status = createRoute({
  method: 'get',
  path: '/v1/reconciliation',
  operationId: 'getReconciliation',
  tags: ['Reconciliation'],
  summary: 'When money and infrastructure were last compared; for operators',
  access: operatorsOnly,
  responses: { 200: json('Every area', reconciliations), ...problemResponses },
});
const ask = createRoute({
  method: 'post',
  path: '/v1/reconciliation',
  operationId: 'reconcile',
  tags: ['Reconciliation'],
  summary: 'Compare money and infrastructure now; for operators',
  description: 'An area has been compared once its `answered` is at least the `asked` of this answer.',
  access: operatorsOnly,
  request: { body: jsonBody(reconcileBody) },
  responses: { 202: json('Every area that will be compared', reconciliations), ...problemResponses },
});

export const findingRoutes = ({ database, stripe, followers, retentionMs }: ApiDeps) => {
  const router = createRouter();
  const context = { database, stripe, followers, policy: { retentionMs }, now: () => new Date() };

  return router
    .openapi(list, async (c) => {
      const query = c.req.valid('query');
      const { shown, nextCursor } = await readPage(
        byId,
        { path: c.req.path, query },
        (page) => listFindings(database, { ...query, ended: query.ended === 'true' }, page),
        ({ id }) => [id, id],
      );
      return c.json({ findings: shown.map(viewOf), nextCursor }, 200);
    })
    .openapi(approve, async (c) => {
      const decision = decisionOf(c.get('principal'), c.req.valid('param').id, c.req.valid('json').note);
      return c.json(viewOf(settled(await approveFinding(context, decision), decision)), 200);
    })
    .openapi(dismiss, async (c) => {
      const decision = decisionOf(c.get('principal'), c.req.valid('param').id, c.req.valid('json').note);
      return c.json(viewOf(settled(await dismissFinding(context, decision), decision)), 200);
    })
    .openapi(status, async (c) => c.json({ areas: (await listReconciliations(database)).map(areaView) }, 200))
    .openapi(ask, async (c) => {
      const { dryRun } = c.req.valid('json');
      const asked = await database.transaction(async (client) => {
        const areas = (await askReconciliation(client, { dryRun })).map(areaView);
        await c.get('idempotency').keep(client, 202, { areas });
        return { areas };
      });
      return c.json(asked, 202);
    });
};

function decisionOf(principal: Principal, id: string, note: string | undefined): Decision {
  const { subject, email } = signedIn(principal);
  return { id: Number(id), by: email ?? subject, note: note ?? null };
}

/** The finding after the decision. @throws Problem when the decision is not possible */
function settled(result: Outcome, { id }: Decision): Finding {
  switch (result.outcome) {
    case 'done':
    case 'unchanged':
      return result.finding;
    case 'not-found':
      throw new Problem('not_found', `There is no finding ${id}.`);
    case 'not-open':
      throw new Problem(
        'not_open',
        result.finding.endedAt ? `Finding ${id} is over.` : `Finding ${id} was seen only once; look again.`,
      );
    case 'by-hand':
      throw new Problem('by_hand', `Finding ${id} cannot be approved: ${actionOf(result.finding)}.`);
    case 'changed':
      throw new Problem('finding_changed', `Finding ${id}: ${result.why}.`);
  }
}

function viewOf(found: Finding): FindingView {
  const { key, kind, subject, tenantId, subscriptionId, cause, state, looks, heals, note } = found;
  const facts = isKind(kind) ? factsOf(kind) : null;
  const until = found.endedAt ?? new Date();
  return {
    id: found.id,
    key,
    kind,
    subject,
    tenantId,
    subscriptionId,
    cause,
    action: actionOf(found),
    state,
    canApprove:
      found.endedAt === null &&
      state === 'waiting' &&
      facts !== null &&
      (facts.approval !== null || facts.heals !== null),
    ageSeconds: Math.max(0, Math.round((until.getTime() - found.firstSeenAt.getTime()) / 1000)),
    firstSeenAt: found.firstSeenAt.toISOString(),
    lastSeenAt: found.lastSeenAt.toISOString(),
    looks,
    heals,
    decidedBy: found.decidedBy,
    decidedAt: found.decidedAt?.toISOString() ?? null,
    note,
    endedAt: found.endedAt?.toISOString() ?? null,
  };
}

function actionOf({ kind }: Finding): string {
  return isKind(kind) ? factsOf(kind).action : 'an earlier version found it; the next look tells';
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(kinds, kind);
}

function areaView({ startedAt, completedAt, askedDryRun: _, ...area }: Reconciliation) {
  return {
    ...area,
    looked: { ...area.looked },
    startedAt: startedAt?.toISOString() ?? null,
    completedAt: completedAt?.toISOString() ?? null,
  };
}
