import { bodyLimit } from 'hono/body-limit';
import { readUse, type UsageEvent, type UseProblem, writeEvents } from '../../automation/metering/index.ts';
import { operatorsAndKeys } from '../access.ts';
import { askedTenant } from '../contract/tenant.ts';
import {
  type UsageEventResult,
  usageCloudEvent,
  usageCloudEvents,
  usageEvents,
  usageEventsAnswer,
} from '../contract/usage-events.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import type { ScopedTenants } from '../scoped/tenants.ts';
import { type ReadEvent, readUsageBatch } from '../usage-batch.ts';

/** Enough for 500 events with everything that CloudEvents add. */
const maxBodyBytes = 512 * 1024;

const schemas = {
  UsageEvents: usageEvents,
  UsageCloudEvent: usageCloudEvent,
  UsageCloudEvents: usageCloudEvents,
};
const content = (name: keyof typeof schemas) => ({ schema: { $ref: `#/components/schemas/${name}` } });

const tell = createRoute({
  method: 'post',
  path: '/v1/usage',
  operationId: 'tellUsageEvents',
  tags: ['Usage'],
  summary: 'Tell what tenants used, event by event, up to 500 at once',
  description:
    'Each event counts once by its tenant, source and id, so you may send again whatever got no answer. An event that ' +
    'cannot count is refused with the reason; the others count. CloudEvents 1.0 are accepted, too: `type` is the meter, ' +
    '`subject` the tenant, `data.quantity` the amount; as `application/cloudevents+json`, in batches as ' +
    '`application/cloudevents-batch+json`, or with `ce-` headers. If a request is a single CloudEvent that is refused, the answer is 400.',
  access: operatorsAndKeys('usage:write'),
  request: {
    // Described by reference, because the router would parse each body by every form of it.
    body: {
      required: true,
      content: {
        'application/json': content('UsageEvents'),
        'application/cloudevents+json': content('UsageCloudEvent'),
        'application/cloudevents-batch+json': content('UsageCloudEvents'),
      },
    },
  },
  responses: {
    200: {
      description: 'What became of each',
      content: { 'application/json': { schema: usageEventsAnswer } },
    },
    ...problemResponses,
  },
});

export const usageEventRoutes = ({ database }: ApiDeps) => {
  const router = createRouter();
  for (const [name, schema] of Object.entries(schemas)) router.openAPIRegistry.register(name, schema);
  const limited = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new Problem('payload_too_large', `A batch of usage has at most ${maxBodyBytes} bytes.`);
    },
  });
  router.use(tell.path, (c, next) => limited(c, next));

  return router.openapi(tell, async (c) => {
    const batch = readUsageBatch({
      contentType: c.req.header('content-type') ?? '',
      header: (name) => c.req.header(name),
      body: await c.req.text(),
    });
    const judged = await judge(c.get('tenants'), batch.events, new Date());
    const countable = judged.flatMap((one) => ('outcome' in one ? [] : [one]));
    const outcomes = await database.transaction((client) => writeEvents(client, countable));
    const outcomeOf = new Map(countable.map((event, index) => [event, outcomes[index]]));
    const results = judged.map((one) => ('outcome' in one ? one : resultOf(one, outcomeOf.get(one))));
    const [first] = results;
    if (batch.isSingle && first?.outcome === 'refused')
      throw new Problem(
        first.reason === 'id_reused' ? 'cause_reused' : 'invalid_request',
        first.message ?? '',
      );
    const counted = (outcome: UsageEventResult['outcome']) =>
      results.filter((result) => result.outcome === outcome).length;
    return c.json(
      {
        accepted: counted('accepted'),
        repeated: counted('repeated'),
        refused: counted('refused'),
        results,
      },
      200,
    );
  });
};

/** Says which events can count, and why the others cannot; in their order. */
async function judge(
  tenants: ScopedTenants,
  events: readonly ReadEvent[],
  now: Date,
): Promise<(UsageEvent | UsageEventResult)[]> {
  const asked = new Set(events.flatMap((one) => ('event' in one ? [one.event.tenant] : [])));
  const found = await tenants.findSome([...asked].map(askedTenant));
  return events.map((one) => {
    if (!('event' in one)) return refused(one.id, 'malformed', one.problem);
    const { id, source, tenant: tenantId, meter: dimension, quantity } = one.event;
    const tenant = found.get(tenantId);
    if (!tenant) return refused(id, 'unknown_tenant', `tenant: there is no tenant "${tenantId}"`);
    const at = one.event.at === undefined ? now : new Date(one.event.at);
    const use = readUse(tenant.product, { dimension, at, quantity: String(quantity) }, now);
    if ('reason' in use) return refused(id, use.reason, `${fieldNames[use.field]}: ${use.message}`);
    return { tenantId, source, id, dimension, at, microUnits: use.microUnits, isLevel: use.isLevel };
  });
}

const fieldNames: Record<UseProblem['field'], string> = {
  dimension: 'meter',
  at: 'at',
  quantity: 'quantity',
};

function refused(
  id: string | null,
  reason: NonNullable<UsageEventResult['reason']>,
  message: string,
): UsageEventResult {
  return { id, outcome: 'refused', reason, message };
}

function resultOf(
  { id }: UsageEvent,
  outcome: Awaited<ReturnType<typeof writeEvents>>[number] | undefined,
): UsageEventResult {
  if (outcome === 'conflict')
    return refused(id, 'id_reused', 'id: was told before for another meter or quantity');
  if (outcome === undefined) throw new Error(`the event ${id} has no outcome`);
  return { id, outcome };
}
