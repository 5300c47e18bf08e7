import type { z } from '@hono/zod-openapi';
import {
  createLedgerWriter,
  creditAllowance,
  type LedgerOperation,
  type LedgerOutcome,
  type LedgerResult,
  listEntries,
  listLots,
  readBalance,
  readBrake,
} from '../../automation/ledger/index.ts';
import { record } from '../../automation/store/audit.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { type Access, operatorsAndKeys, operatorsOnly, peopleAndKeys } from '../access.ts';
import {
  captureRequest,
  credits,
  creditsQuery,
  holdRequest,
  ledgerAnswer,
  releaseRequest,
  topUpRequest,
} from '../contract/ledger.ts';
import { tenantParams } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import { byId, readPage } from '../lists.ts';
import { askedBy } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';

const path = '/v1/tenants/{id}/credits';

/** A change of the ledger answers 201 when it is booked, and 200 when its cause was booked before. */
function change<Path extends string, Body extends z.ZodType>(
  name: Path,
  options: { operationId: string; summary: string; description: string; access: Access; body: Body },
) {
  const answer = (description: string) => ({
    description,
    content: { 'application/json': { schema: ledgerAnswer } },
  });
  return createRoute({
    method: 'post',
    path: `${path}/${name}` as `/v1/tenants/{id}/credits/${Path}`,
    operationId: options.operationId,
    tags: ['Credits'],
    summary: options.summary,
    description: `${options.description} For operators: a product's own service calls it, not its tenant.`,
    access: options.access,
    request: {
      params: tenantParams,
      body: { required: true, content: { 'application/json': { schema: options.body } } },
    },
    responses: {
      200: answer('The cause was booked before; nothing changed'),
      201: answer('Booked'),
      ...problemResponses,
    },
  });
}

const show = createRoute({
  method: 'get',
  path,
  operationId: 'getCredits',
  tags: ['Credits'],
  summary: 'Credits of a tenant: balance, where it comes from, and entries',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams, query: creditsQuery },
  responses: {
    200: { description: 'The credits', content: { 'application/json': { schema: credits } } },
    ...problemResponses,
  },
});
const hold = change('holds', {
  operationId: 'holdCredits',
  summary: 'Hold credits for work that begins',
  description: '402 when the balance does not suffice. The hold is released by itself when its time is over.',
  access: operatorsAndKeys('checks:write'),
  body: holdRequest,
});
const capture = change('captures', {
  operationId: 'captureCredits',
  summary: 'Capture credits for work that is done',
  description:
    'From a hold or from the balance. `metered` takes what there is and records the rest as overshoot instead of refusing.',
  access: operatorsAndKeys('checks:write'),
  body: captureRequest,
});
const release = change('releases', {
  operationId: 'releaseCredits',
  summary: 'Release a hold',
  description: 'Credits of a period that is over expire.',
  access: operatorsAndKeys('checks:write'),
  body: releaseRequest,
});
const topUp = change('top-ups', {
  operationId: 'topUpCredits',
  summary: 'Add credits that a renewal does not replace',
  description: 'They are spent in the order in which they expire.',
  access: operatorsOnly,
  body: topUpRequest,
});

export const creditRoutes = ({ database }: ApiDeps) => {
  const ledger = createLedgerWriter(database);
  const router = createRouter();

  const chargeable = (tenant: Tenant): Tenant => {
    if (creditAllowance(tenant.product, tenant.desiredSpec.plan) === null)
      throw new Problem('no_credits', `The product ${tenant.product} is not on credits.`);
    return tenant;
  };
  const book = async (operation: LedgerOperation) => {
    const result = await ledger.book(operation);
    return { body: answerOf(operation, result), status: result.outcome === 'done' ? 201 : 200 } as const;
  };

  return router
    .openapi(show, async (c) => {
      const { id } = await c.get('tenants').find(c.req.valid('param').id);
      const query = c.req.valid('query');
      const [balance, lots, brake, { shown, nextCursor }] = await Promise.all([
        readBalance(database, id),
        listLots(database, id),
        readBrake(database, id),
        readPage(
          byId,
          { path: c.req.path, query },
          (page) => listEntries(database, id, query, page),
          ({ id: entryId }) => [entryId, entryId],
        ),
      ]);
      return c.json(
        {
          balance: balance ?? { available: 0, held: 0, overshoot: 0 },
          lots: lots.map((lot) => ({
            kind: lot.kind,
            cause: lot.cause,
            remaining: lot.remaining,
            spendBy: lot.spendBy?.toISOString() ?? null,
            expiresAt: lot.expiresAt?.toISOString() ?? null,
          })),
          brake: brake
            ? { level: brake.level, reason: brake.reason, since: brake.changedAt.toISOString() }
            : { level: 'none' as const, reason: null, since: null },
          entries: shown.map((entry) => ({ ...entry, at: entry.at.toISOString() })),
          nextCursor,
        },
        200,
      );
    })
    .openapi(hold, async (c) => {
      const { id } = chargeable(await c.get('tenants').find(c.req.valid('param').id));
      const { cause, amount, expiresInSeconds } = c.req.valid('json');
      const until = new Date(Date.now() + expiresInSeconds * 1000);
      const { body, status } = await book({ op: 'hold', tenant: id, cause, amount, until });
      return c.json(body, status);
    })
    .openapi(capture, async (c) => {
      const { id } = chargeable(await c.get('tenants').find(c.req.valid('param').id));
      const { cause, amount, hold: of, metered, final } = c.req.valid('json');
      const { body, status } = await book({
        op: 'capture',
        tenant: id,
        cause,
        amount,
        metered,
        final,
        ...(of !== undefined && { hold: of }),
      });
      return c.json(body, status);
    })
    .openapi(release, async (c) => {
      const { id } = chargeable(await c.get('tenants').find(c.req.valid('param').id));
      const { cause, hold: of } = c.req.valid('json');
      const { body, status } = await book({
        op: 'release',
        tenant: id,
        cause: cause ?? of,
        hold: of,
      });
      return c.json(body, status);
    })
    .openapi(topUp, async (c) => {
      const { id } = chargeable(await c.get('tenants').find(c.req.valid('param').id));
      const { cause, amount, expiresAt } = c.req.valid('json');
      const until = expiresAt === undefined ? null : new Date(expiresAt);
      if (until && until.getTime() <= Date.now())
        throw new Problem('invalid_request', 'expiresAt: must lie in the future', [
          { field: 'expiresAt', message: 'must lie in the future' },
        ]);
      const { body, status } = await book({ op: 'top_up', tenant: id, cause, amount, until });
      if (status === 201)
        await record(database, {
          tenantId: id,
          kind: 'credits.topped_up',
          message: `${amount} credits were added`,
          data: { amount, cause, ...askedBy(c.get('principal')), expiresAt: until },
        });
      return c.json(body, status);
    });
};

/** Outcomes that change nothing and are errors of the request, with their messages. */
const refusals: Partial<Record<LedgerOutcome, readonly [ProblemCode, string, string | null]>> = {
  conflict: ['cause_reused', 'was booked before with other content', 'cause'],
  insufficient: ['insufficient_credits', 'is more than the balance', 'amount'],
  exceeds_hold: ['insufficient_credits', 'is more than the hold has left', 'amount'],
  no_hold: ['not_found', 'is no hold of this tenant', 'hold'],
  hold_closed: ['hold_closed', 'has been captured or released already', 'hold'],
  overflow: ['invalid_request', 'would make the balance more than 9007199254740991', 'amount'],
};

function answerOf(operation: LedgerOperation, result: LedgerResult) {
  const refusal = refusals[result.outcome];
  if (refusal) {
    const [code, message, field] = refusal;
    throw new Problem(
      code,
      `${field}: ${message}. Available: ${result.available}, held: ${result.held}.`,
      field === null ? [] : [{ field, message }],
    );
  }
  return {
    cause: operation.cause,
    amount: result.amount,
    overshoot: result.overshoot,
    repeated: result.outcome === 'repeated',
    balance: { available: result.available, held: result.held },
  };
}
