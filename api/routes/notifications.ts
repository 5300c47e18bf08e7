import {
  allowedAddresses,
  type Endpoint,
  emitTest,
  enableEndpoint,
  hostOf,
  insertEndpoint,
  type LoggedDelivery,
  listDeliveries,
  listEndpoints,
  maxEndpoints,
  RefusedAddress,
  removeEndpoint,
  replay as replayEvents,
  rotateSecret,
  urlProblem,
} from '../../automation/notify/index.ts';
import { record } from '../../automation/store/audit.ts';
import type { Queryable } from '../../automation/store/database.ts';
import { peopleAndKeys } from '../access.ts';
import {
  endpointParams,
  endpointsQuery,
  type NotificationEndpointView,
  type NotificationView,
  newEndpoint,
  notificationDetail,
  notificationEndpoint,
  notificationEndpointList,
  notificationEndpointSecret,
  notificationList,
  notificationParams,
  notificationsQuery,
  replayed,
  replayRequest,
  testSent,
  type WebhookEvent,
} from '../contract/notifications.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { byId, type Order, readPage } from '../lists.ts';
import { askedBy, type Principal } from '../principal.ts';
import { createRoute, createRouter, json, jsonBody, problemResponses } from '../router.ts';

const path = '/v1/notifications/endpoints' as const;
const tags = ['Notifications'];
const read = peopleAndKeys('notifications:read');
const write = peopleAndKeys('notifications:write');

const list = createRoute({
  method: 'get',
  path,
  operationId: 'listNotificationEndpoints',
  tags,
  summary: 'Webhook endpoints, without their secrets',
  access: read,
  request: { query: endpointsQuery },
  responses: { 200: json('One page', notificationEndpointList), ...problemResponses },
});
const add = createRoute({
  method: 'post',
  path,
  operationId: 'addNotificationEndpoint',
  tags,
  summary: 'Send events to a URL',
  description: 'The answer has the secret that signs events. It is shown only now.',
  access: write,
  request: { body: jsonBody(newEndpoint) },
  responses: { 201: json('It gets events from now on', notificationEndpointSecret), ...problemResponses },
});
const show = createRoute({
  method: 'get',
  path: `${path}/{id}`,
  operationId: 'getNotificationEndpoint',
  tags,
  summary: 'One webhook endpoint',
  access: read,
  request: { params: endpointParams },
  responses: { 200: json('The endpoint', notificationEndpoint), ...problemResponses },
});
const remove = createRoute({
  method: 'delete',
  path: `${path}/{id}`,
  operationId: 'removeNotificationEndpoint',
  tags,
  summary: 'Remove an endpoint and its log',
  access: write,
  request: { params: endpointParams },
  responses: { 204: { description: 'It is gone' }, ...problemResponses },
});
const rotate = createRoute({
  method: 'post',
  path: `${path}/{id}/rotate`,
  operationId: 'rotateNotificationSecret',
  tags,
  summary: 'Give an endpoint a new secret',
  description: 'The last one still signs for 24 hours; an older one no more.',
  access: write,
  request: { params: endpointParams },
  responses: {
    200: json('The new secret, shown this once', notificationEndpointSecret),
    ...problemResponses,
  },
});
const enable = createRoute({
  method: 'post',
  path: `${path}/{id}/enable`,
  operationId: 'enableNotificationEndpoint',
  tags,
  summary: 'Enable a disabled endpoint again',
  description: 'A replay sends what it missed.',
  access: write,
  request: { params: endpointParams },
  responses: { 200: json('It is enabled', notificationEndpoint), ...problemResponses },
});
const test = createRoute({
  method: 'post',
  path: `${path}/{id}/test`,
  operationId: 'testNotificationEndpoint',
  tags,
  summary: 'Send a test event to an endpoint',
  access: write,
  request: { params: endpointParams },
  responses: { 202: json('It is on its way', testSent), ...problemResponses },
});
const replay = createRoute({
  method: 'post',
  path: `${path}/{id}/replay`,
  operationId: 'replayNotifications',
  tags,
  summary: 'Send events to an endpoint again, under their own ids',
  description:
    'They may be older than the endpoint or from when it was disabled. Events are kept for 30 days.',
  access: write,
  request: { params: endpointParams, body: jsonBody(replayRequest) },
  responses: { 202: json('They are on their way', replayed), ...problemResponses },
});
const log = createRoute({
  method: 'get',
  path: '/v1/notifications',
  operationId: 'listNotifications',
  tags,
  summary: 'Deliveries to endpoints, and their answers',
  access: read,
  request: { query: notificationsQuery },
  responses: { 200: json('One page', notificationList), ...problemResponses },
});
const detail = createRoute({
  method: 'get',
  path: '/v1/notifications/{id}',
  operationId: 'getNotification',
  tags,
  summary: 'One event to one endpoint: its body and every attempt',
  access: read,
  request: { params: notificationParams },
  responses: { 200: json('The notification', notificationDetail), ...problemResponses },
});

const endpointOrder: Order<'createdAt'> = { id: textPosition, by: { createdAt: timePosition } };

export const notificationRoutes = ({ database, addressRules, log: ownLog }: ApiDeps) => {
  const router = createRouter();

  const assertReachable = async (text: string) => {
    const problem = urlProblem(text, addressRules) ?? (await resolutionProblem(text));
    if (problem !== null)
      throw new Problem('invalid_request', `url: ${problem}`, [{ field: 'url', message: problem }]);
  };
  const resolutionProblem = async (text: string): Promise<string | null> => {
    try {
      await allowedAddresses(hostOf(new URL(text)), addressRules);
      return null;
    } catch (error) {
      if (!(error instanceof RefusedAddress)) throw error;
      ownLog.warn({ detail: error.detail }, 'a webhook endpoint was refused');
      return error.message;
    }
  };
  const changed = (
    client: Queryable,
    principal: Principal,
    { id, url, tenantId }: Endpoint,
    what: { readonly kind: string; readonly message: string },
  ) =>
    record(client, {
      tenantId,
      kind: `notifications.${what.kind}`,
      message: `${what.message}: ${url}`,
      data: { endpoint: id, url, ...askedBy(principal) },
      audience: tenantId === null ? 'operator' : 'tenant',
    });
  const gone = (id: string) =>
    new Problem('not_found', `There is no webhook endpoint ${JSON.stringify(id)}.`);

  return router
    .openapi(list, async (c) => {
      const query = c.req.valid('query');
      const scope = await c.get('endpoints').scope(query);
      const { shown, nextCursor } = await readPage(
        endpointOrder,
        { path: c.req.path, query },
        (page) => listEndpoints(database, scope, query, page),
        ({ createdAt, id }) => [createdAt, id],
      );
      return c.json({ endpoints: shown.map(endpointView), nextCursor }, 200);
    })
    .openapi(add, async (c) => {
      const principal = c.get('principal');
      const { url, description, tenant, product, events, email } = c.req.valid('json');
      const scope = await c.get('endpoints').scope({ tenant, product });
      await assertReachable(url);
      const made = await database.transaction(async (client) => {
        const inserted = await insertEndpoint(client, {
          url,
          description: description ?? null,
          scope,
          events: events ?? null,
          email: email ?? ('email' in principal ? principal.email : null),
        });
        if (!inserted) return null;
        await changed(client, principal, inserted.endpoint, {
          kind: 'added',
          message: 'Events are sent to a webhook endpoint',
        });
        const shown = { endpoint: endpointView(inserted.endpoint), secret: inserted.secret };
        await c.get('idempotency').keep(client, 201, shown);
        return shown;
      });
      if (!made)
        throw new Problem(
          'limit_reached',
          `There are ${maxEndpoints} endpoints of this kind already: remove one first.`,
        );
      return c.json(made, 201);
    })
    .openapi(show, async (c) =>
      c.json(endpointView(await c.get('endpoints').find(c.req.valid('param').id)), 200),
    )
    .openapi(remove, async (c) => {
      const endpoint = await c.get('endpoints').find(c.req.valid('param').id);
      await database.transaction(async (client) => {
        if (!(await removeEndpoint(client, endpoint.id))) throw gone(endpoint.id);
        await changed(client, c.get('principal'), endpoint, {
          kind: 'removed',
          message: 'A webhook endpoint was removed',
        });
      });
      return c.body(null, 204);
    })
    .openapi(rotate, async (c) => {
      const { id } = await c.get('endpoints').find(c.req.valid('param').id);
      const rotated = await database.transaction(async (client) => {
        const made = await rotateSecret(client, id, new Date());
        if (!made) throw gone(id);
        await changed(client, c.get('principal'), made.endpoint, {
          kind: 'rotated',
          message: 'A webhook endpoint has a new secret',
        });
        const shown = { endpoint: endpointView(made.endpoint), secret: made.secret };
        await c.get('idempotency').keep(client, 200, shown);
        return shown;
      });
      return c.json(rotated, 200);
    })
    .openapi(enable, async (c) => {
      const endpoint = await c.get('endpoints').find(c.req.valid('param').id);
      const enabled = await database.transaction(async (client) => {
        const now = await enableEndpoint(client, endpoint.id);
        if (now)
          await changed(client, c.get('principal'), now, {
            kind: 'enabled',
            message: 'Events are sent to a webhook endpoint again',
          });
        return now;
      });
      return c.json(endpointView(enabled ?? endpoint), 200);
    })
    .openapi(test, async (c) => {
      const endpoint = enabledOnly(await c.get('endpoints').find(c.req.valid('param').id));
      const sent = await database.transaction(async (client) => {
        const shown = { event: await emitTest(client, endpoint.id) };
        await c.get('idempotency').keep(client, 202, shown);
        return shown;
      });
      return c.json(sent, 202);
    })
    .openapi(replay, async (c) => {
      const { id } = enabledOnly(await c.get('endpoints').find(c.req.valid('param').id));
      const { event, since, until, delivered } = c.req.valid('json');
      const of =
        event === undefined
          ? { since: new Date(since ?? 0), until: until === undefined ? null : new Date(until), delivered }
          : { eventId: event };
      const events = await database.transaction(async (client) => {
        const count = await replayEvents(client, id, of, new Date());
        if (count > 0) await c.get('idempotency').keep(client, 202, { events: count });
        return count;
      });
      if (events === 0 && event !== undefined)
        throw new Problem(
          'not_found',
          `event: there is no event ${JSON.stringify(event)} for this endpoint.`,
          [{ field: 'event', message: 'does not exist, or is not for this endpoint' }],
        );
      return c.json({ events }, 202);
    })
    .openapi(log, async (c) => {
      const query = c.req.valid('query');
      const { tenant, product, endpoint, state, type, q } = query;
      const endpoints = c.get('endpoints');
      const found = endpoint === undefined ? null : await endpoints.find(endpoint);
      // The endpoint's own check suffices when nothing else is named.
      const checked = found !== null && tenant === undefined && product === undefined;
      const scope = checked ? ({ kind: 'all' } as const) : await endpoints.scope({ tenant, product });
      const { shown, nextCursor } = await readPage(
        byId,
        { path: c.req.path, query },
        (page) => listDeliveries(database, { scope, endpointId: found?.id, state, type, q }, page),
        ({ id }) => [id, id],
      );
      return c.json({ notifications: shown.map(notificationView), nextCursor }, 200);
    })
    .openapi(detail, async (c) => {
      const {
        body: sent,
        tries,
        ...delivery
      } = await c.get('endpoints').delivery(Number(c.req.valid('param').id));
      return c.json(
        {
          ...notificationView(delivery),
          body: JSON.parse(sent) as WebhookEvent,
          tries: tries.map((attempt) => ({ ...attempt, at: attempt.at.toISOString() })),
        },
        200,
      );
    });
};

/** @throws Problem `endpoint_disabled` */
function enabledOnly(endpoint: Endpoint): Endpoint {
  if (endpoint.state === 'enabled') return endpoint;
  throw new Problem('endpoint_disabled', 'The endpoint is disabled and gets no events: enable it first.');
}

function endpointView(endpoint: Endpoint): NotificationEndpointView {
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    product: endpoint.product,
    tenant: endpoint.tenantId,
    // Only types that can be chosen are ever stored.
    events: endpoint.events === null ? null : ([...endpoint.events] as NotificationEndpointView['events']),
    email: endpoint.email,
    state: endpoint.state,
    disabledAt: endpoint.disabledAt?.toISOString() ?? null,
    disabledReason: endpoint.disabledReason,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    previousSecretUntil: endpoint.previousSecretUntil?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
  };
}

function notificationView(delivery: LoggedDelivery): NotificationView {
  return {
    id: delivery.id,
    endpoint: delivery.endpointId,
    event: delivery.eventId,
    type: delivery.type,
    tenant: delivery.tenantId,
    organization: delivery.organizationId,
    at: delivery.at.toISOString(),
    state: delivery.state,
    attempts: delivery.attempts,
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    endedAt: delivery.endedAt?.toISOString() ?? null,
    status: delivery.status,
    problem: delivery.problem,
  };
}
