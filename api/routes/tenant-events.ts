import { streamSSE } from 'hono/streaming';
import { listAudit } from '../../automation/store/audit.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { peopleAndKeys } from '../access.ts';
import { eventStream, eventsHeaders, tenantParams } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { audienceOf } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import { entryView, tenantViews } from '../views.ts';

/** Proxies close connections that are silent for a minute. */
const keepAliveMs = 15_000;

/** How many entries are read at once. */
const pageEntries = 500;

const route = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/events',
  operationId: 'streamTenantEvents',
  tags: ['Tenants'],
  summary: 'Follow a tenant (server-sent events)',
  description:
    'The timeline from the beginning, or after `Last-Event-ID`, and then live. Entries are events named by their kind; ' +
    'between them, `tenant` events carry the whole tenant whenever it has changed. The stream ends with the token or key ' +
    'that opened it.',
  access: peopleAndKeys('tenants:read'),
  request: {
    params: tenantParams,
    headers: eventsHeaders,
  },
  responses: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: eventStream } } },
    ...problemResponses,
  },
});

export const tenantEventRoutes = ({ database, live, log }: ApiDeps) => {
  const router = createRouter();
  router.openapi(route, async (c) => {
    const principal = c.get('principal');
    const asked = c.req.valid('param').id;
    const { id } = await c.get('tenants').find(asked);
    const resumeAfter = Number(c.req.header('last-event-id') || 0);
    if (!Number.isSafeInteger(resumeAfter) || resumeAfter < 0) {
      throw new Problem('invalid_request', 'Last-Event-ID: send the id of the last event you received.', [
        { field: 'Last-Event-ID', message: 'must be an id of an event' },
      ]);
    }
    return streamSSE(c, async (stream) => {
      let lastId = resumeAfter;
      let lastTenant = '';
      let wake = () => {};
      const subscriptions = [live.subscribe('tenant', id, () => wake())];
      if ('keyId' in principal) subscriptions.push(live.subscribe('key', principal.keyId, () => wake()));
      stream.onAbort(() => wake());
      /** Sends what is new, and returns how long the stream may be silent. Throws once its follower may not see it. */
      const send = async () => {
        const { principal: follower, tenants } = await c.get('renew')();
        await tenants.find(asked);
        for (let more = true; more && !stream.aborted; ) {
          const entries = await listAudit(
            database,
            id,
            { after: lastId, audience: audienceOf(follower) },
            firstPage(pageEntries, 'id', 'ascending'),
          );
          for (const found of entries) {
            await stream.writeSSE({
              event: found.kind,
              id: String(found.id),
              data: JSON.stringify(entryView(found)),
            });
            lastId = found.id;
          }
          more = entries.length === pageEntries;
        }
        // Read after the entries, so that it is at least as new.
        const tenant = await tenants.find(asked);
        const data = JSON.stringify((await tenantViews(database, [tenant], follower))[0]);
        if (data !== lastTenant) await stream.writeSSE({ event: 'tenant', data });
        lastTenant = data;
        const validMs = (follower.validUntil?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
        return Math.min(keepAliveMs, Math.max(1, validMs));
      };
      try {
        while (!stream.aborted) {
          // A wake-up between the read and the wait must not be lost.
          const woken = new Promise<'woken'>((resolve) => {
            wake = () => resolve('woken');
          });
          const silence = stream.sleep(await send()).then(() => 'silent' as const);
          if ((await Promise.race([woken, silence])) === 'silent' && !stream.aborted) {
            await stream.write(': still here\n\n');
          }
        }
      } catch (error) {
        // The stream ends, and its follower returns with the last id; who may not see it any more hears so then.
        if (!(error instanceof Problem)) log.error({ error, tenant: id }, 'an event stream failed');
      } finally {
        for (const end of subscriptions) end();
      }
    });
  });
  return router;
};
