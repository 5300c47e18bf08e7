import { createHash } from 'node:crypto';
import {
  type Entitlements,
  listReservations,
  type ProductChecks,
  type Reservation,
  readEntitlements,
  releaseUse,
  reserveUse,
  settleUse,
} from '../../automation/entitlements/index.ts';
import { type DatabaseUse, readDatabaseUse } from '../../automation/warden/index.ts';
import { operatorsAndKeys, peopleAndKeys } from '../access.ts';
import {
  checkAnswer,
  checkRequest,
  entitlements,
  reservationList,
  reservationParams,
  reservationQuery,
  settleAnswer,
  settleRequest,
} from '../contract/entitlements.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import { tenantParams } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { type Order, readPage } from '../lists.ts';
import { createRoute, createRouter, json, jsonBody, problemResponses } from '../router.ts';

const show = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/entitlements',
  operationId: 'getEntitlements',
  tags: ['Entitlements'],
  summary: 'What a tenant may do now: plan, state, limits and what is left, credits, budgets',
  description: 'Send the `ETag` as `If-None-Match`: the answer is 304 while nothing has changed.',
  access: peopleAndKeys('entitlements:read'),
  request: { params: tenantParams },
  responses: {
    200: json('What it may do', entitlements),
    304: { description: 'Nothing has changed since the answer of this ETag' },
    ...problemResponses,
  },
});
const check = createRoute({
  method: 'post',
  path: '/v1/tenants/{id}/check',
  operationId: 'checkUse',
  tags: ['Entitlements'],
  summary: 'Ask whether a use may begin, and reserve what it takes',
  description:
    'Reserves plan limits, credits and API budget together or not at all, once for each key. Settle the reservation ' +
    'when the use is over, or release it. A refusal (402, 409 or 429) says in `refusal` which limit refuses, how much is ' +
    "left, when it resets and which plan has more. For operators: a product's own service calls it, not its tenant.",
  access: operatorsAndKeys('checks:write'),
  request: { params: tenantParams, body: jsonBody(checkRequest) },
  responses: {
    200: json('An earlier request with the key made the reservation', checkAnswer),
    201: json('Admitted and reserved', checkAnswer),
    ...problemResponses,
  },
});
const list = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/reservations',
  operationId: 'listReservations',
  tags: ['Entitlements'],
  summary: 'Reservations and how they ended',
  access: peopleAndKeys('entitlements:read'),
  request: { params: tenantParams, query: reservationQuery },
  responses: { 200: json('One page', reservationList), ...problemResponses },
});
const settle = createRoute({
  method: 'post',
  path: '/v1/tenants/{id}/check/{reservation}/settle',
  operationId: 'settleUse',
  tags: ['Entitlements'],
  summary: 'Settle a reservation with what was used',
  description: 'Counts the use, captures the credits and counts the cost, once; releases the rest.',
  access: operatorsAndKeys('checks:write'),
  request: { params: reservationParams, body: jsonBody(settleRequest) },
  responses: { 200: json('Counted', settleAnswer), ...problemResponses },
});
const release = createRoute({
  method: 'post',
  path: '/v1/tenants/{id}/check/{reservation}/release',
  operationId: 'releaseUse',
  tags: ['Entitlements'],
  summary: 'Release a reservation whose use did not take place',
  access: operatorsAndKeys('checks:write'),
  request: { params: reservationParams },
  responses: { 200: json('Given back', settleAnswer), ...problemResponses },
});

const order: Order<'createdAt'> = { id: textPosition, by: { createdAt: timePosition } };

export const entitlementRoutes = ({ database, services }: ApiDeps) => {
  const checks: ProductChecks = new Map(services.map(({ product, checks: own = {} }) => [product.id, own]));
  const router = createRouter();
  return router
    .openapi(show, async (c) => {
      const tenant = await c.get('tenants').find(c.req.valid('param').id);
      const [found, use] = await Promise.all([
        readEntitlements(database, tenant, new Date()),
        readDatabaseUse(database, tenant.id),
      ]);
      const answer = entitlementsView(tenant.id, found, use);
      const etag = `"${createHash('sha256').update(JSON.stringify(answer)).digest('base64url')}"`;
      c.header('etag', etag);
      // Only the caller may keep it, and must ask again before each use.
      c.header('cache-control', 'private, no-cache');
      return isKnown(c.req.header('if-none-match'), etag) ? c.body(null, 304) : c.json(answer, 200);
    })
    .openapi(check, async (c) => {
      const { id } = await c.get('tenants').find(c.req.valid('param').id);
      const { check: name, entitlement, meter, costMicros, ...asked } = c.req.valid('json');
      const reserved = await reserveUse(
        database,
        checks,
        id,
        { ...asked, of: subjectOf({ check: name, entitlement, meter }), costMicros: costMicros ?? null },
        new Date(),
      );
      return c.json(
        {
          admitted: true as const,
          repeated: reserved.repeated,
          reservation: reservationView(reserved.reservation),
          remaining: reserved.remaining.map((one) => ({ ...one, resetsAt: timeOf(one.resetsAt) })),
        },
        reserved.repeated ? 200 : 201,
      );
    })
    .openapi(list, async (c) => {
      const { id } = await c.get('tenants').find(c.req.valid('param').id);
      const query = c.req.valid('query');
      const { shown, nextCursor } = await readPage(
        order,
        { path: c.req.path, query },
        (page) => listReservations(database, id, query, page),
        ({ createdAt, id: reservationId }) => [createdAt, reservationId],
      );
      return c.json({ reservations: shown.map(reservationView), nextCursor }, 200);
    })
    .openapi(settle, async (c) => {
      const { id, reservation } = c.req.valid('param');
      const tenant = await c.get('tenants').find(id);
      const { amount, costMicros } = c.req.valid('json');
      const used = {
        ...(amount !== undefined && { amount }),
        ...(costMicros !== undefined && { costMicros }),
      };
      const settled = await settleUse(database, tenant.id, reservation, used, new Date());
      return c.json({ ...settled, reservation: reservationView(settled.reservation) }, 200);
    })
    .openapi(release, async (c) => {
      const { id, reservation } = c.req.valid('param');
      const tenant = await c.get('tenants').find(id);
      const released = await releaseUse(database, tenant.id, reservation, new Date());
      return c.json({ ...released, reservation: reservationView(released.reservation) }, 200);
    });
};

/** True when the caller has the answer of this ETag. @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  return (
    ifNoneMatch?.split(',').some((known) => ['*', etag].includes(known.trim().replace(/^W\//, ''))) ?? false
  );
}

function entitlementsView(tenant: string, found: Entitlements, database: DatabaseUse | null) {
  return {
    tenant,
    ...found,
    entitlements: Object.fromEntries(
      Object.entries(found.entitlements).map(([name, { value, use }]) => [
        name,
        {
          value: isList(value) ? [...value] : value,
          use: use && { ...use, meters: [...use.meters], resetsAt: timeOf(use.resetsAt) },
        },
      ]),
    ),
    planFeatures: [...found.planFeatures],
    credits: found.credits && { ...found.credits, resetsAt: timeOf(found.credits.resetsAt) },
    budgets: found.budgets.map((budget) => ({ ...budget, resetsAt: budget.resetsAt.toISOString() })),
    database: database && { ...database, fullSince: timeOf(database.fullSince) },
  };
}

/** What the check is about. The contract lets exactly one name through, or none for API calls alone. */
function subjectOf(named: {
  readonly check: string | undefined;
  readonly entitlement: string | undefined;
  readonly meter: string | undefined;
}) {
  for (const kind of ['check', 'entitlement', 'meter'] as const) {
    const name = named[kind];
    if (name !== undefined) return { kind, name };
  }
  return { kind: 'cost' } as const;
}

function reservationView(reservation: Reservation) {
  const { id, key, state, meter, credits, costMicros, estimatedCostMicros } = reservation;
  return {
    id,
    key,
    state,
    meter,
    amount: unitsOf(reservation.microUnits),
    credits,
    costMicros,
    estimatedCostMicros,
    createdAt: reservation.createdAt.toISOString(),
    expiresAt: reservation.expiresAt.toISOString(),
    settled:
      reservation.settledMicroUnits === null
        ? null
        : { amount: unitsOf(reservation.settledMicroUnits), costMicros: reservation.settledCostMicros },
  };
}

function unitsOf(microUnits: number): number {
  return microUnits / 1_000_000;
}

function timeOf(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}
