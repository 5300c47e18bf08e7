import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  csv,
  dayMs,
  dayOf,
  decimalOf,
  ensureUsagePartitions,
  findDimension,
  listDays,
  listGaps,
  listHours,
  listPlanDays,
  listSamples,
  listTopConsumers,
  listTotals,
  makeStatement,
  monthNamed,
  monthTakes,
  prices,
  readMeteringState,
  readUse,
  readUsed,
  slotMs,
  slotOf,
  startOfDay,
  statementCsv,
  type ToldSample,
  type TotalOrder,
  totalsCsv,
  type UsageGap,
  writeTold,
} from '../../automation/metering/index.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { operatorsAndKeys, operatorsOnly, peopleAndKeys } from '../access.ts';
import { numberPosition, textPosition } from '../contract/page.ts';
import { tenantParams } from '../contract/tenant.ts';
import {
  fleetUsage,
  fleetUsageQuery,
  statement,
  statementQuery,
  toldAnswer,
  toldUsage,
  usage,
  usageQuery,
} from '../contract/usage.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { type Order, readPage } from '../lists.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';

const answer = <Schema>(description: string, schema: Schema) => ({
  description: `${description}; with \`format=csv\` as comma-separated values`,
  content: { 'application/json': { schema } },
});

const showUsage = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/usage',
  operationId: 'getUsage',
  tags: ['Usage'],
  summary: 'What a tenant used, by samples, hours or days',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams, query: usageQuery },
  responses: { 200: answer('The use', usage), ...problemResponses },
});
const showStatement = createRoute({
  method: 'get',
  path: '/v1/tenants/{id}/statement',
  operationId: 'getStatement',
  tags: ['Usage'],
  summary: 'What a month of a tenant costs: subscription, compute, storage, top consumers',
  access: peopleAndKeys('tenants:read'),
  request: { params: tenantParams, query: statementQuery },
  responses: { 200: answer('The statement', statement), ...problemResponses },
});
const showFleet = createRoute({
  method: 'get',
  path: '/v1/usage',
  operationId: 'getFleetUsage',
  tags: ['Usage'],
  summary:
    'What all tenants used in a month, most expensive first unless sorted otherwise, and the state of metering; for operators',
  access: operatorsOnly,
  request: { query: fleetUsageQuery },
  responses: { 200: answer('One page', fleetUsage), ...problemResponses },
});
const tell = createRoute({
  method: 'post',
  path: '/v1/tenants/{id}/usage',
  operationId: 'tellUsage',
  tags: ['Usage'],
  summary: 'Tell what a tenant used that the cluster does not show: sessions, recordings, calls',
  description:
    'Late and repeated samples are harmless. For operators: a product’s own service calls it, not its tenant.',
  access: operatorsAndKeys('usage:write'),
  request: {
    params: tenantParams,
    body: { required: true, content: { 'application/json': { schema: toldUsage } } },
  },
  responses: {
    200: { description: 'All of it counts', content: { 'application/json': { schema: toldAnswer } } },
    ...problemResponses,
  },
});

/** Most days that one answer covers. */
const mostDays = { sample: 35, hour: 92, day: 400 } as const;
const topConsumers = 10;

const pricedSections = () =>
  [...prices()].flatMap(([dimension, price]) => {
    const found = findDimension(dimension);
    return found ? [{ dimension, price, section: found.dimension.section }] : [];
  });

const order: Order<TotalOrder> = { id: textPosition, by: { usage: numberPosition, slug: textPosition } };

export const usageRoutes = ({ database }: ApiDeps) => {
  const router = createRouter();

  /** Gaps in the tenant's cell since the tenant exists. A slot that may still be sampled is no gap. */
  const gapsOf = async (tenant: Tenant, from: Date, until: Date) => {
    const begin = new Date(Math.max(from.getTime(), slotOf(tenant.createdAt).getTime()));
    const end = new Date(Math.min(until.getTime(), slotOf(new Date()).getTime() - slotMs));
    return begin < end ? (await listGaps(database, tenant.cell, begin, end)).map(gapView) : [];
  };

  return router
    .openapi(showUsage, async (c) => {
      const tenant = await c.get('tenants').find(c.req.valid('param').id);
      const { by, format, ...given } = c.req.valid('query');
      const days = period(given, mostDays[by]);
      const gaps = await gapsOf(tenant, days.begin, days.end);
      const head = { by, from: days.from, until: days.until };
      if (by === 'day') {
        const rows = (await listDays(database, tenant.id, days)).map(dayView);
        if (format === 'json') return c.json({ ...head, days: rows, gaps }, 200);
        return csvAnswer(
          c,
          `usage-${tenant.id}`,
          csv(
            ['tenant', 'day', 'dimension', 'quantity', 'unit'],
            rows.map((row) => [tenant.id, row.day, row.dimension, row.quantity, row.unit]),
          ),
        );
      }
      if (by === 'hour') {
        const rows = (await listHours(database, tenant.id, days.begin, days.end)).map((row) => ({
          ...row,
          hour: row.hour.toISOString(),
        }));
        if (format === 'json') return c.json({ ...head, hours: rows, gaps }, 200);
        return csvAnswer(
          c,
          `usage-${tenant.id}`,
          csv(
            ['tenant', 'hour', 'cpu_milli_seconds', 'memory_kb_seconds', 'storage_mb_seconds', 'samples'],
            rows.map((row) => [tenant.id, ...Object.values(row)]),
          ),
        );
      }
      const rows = (await listSamples(database, tenant.id, days.begin, days.end)).map((row) => ({
        ...row,
        at: row.at.toISOString(),
      }));
      if (format === 'json') return c.json({ ...head, samples: rows, gaps }, 200);
      return csvAnswer(
        c,
        `usage-${tenant.id}`,
        csv(
          ['tenant', 'at', 'cpu_millis', 'memory_kb', 'storage_mb'],
          rows.map((row) => [tenant.id, ...Object.values(row)]),
        ),
      );
    })
    .openapi(showStatement, async (c) => {
      const tenant = await c.get('tenants').find(c.req.valid('param').id);
      const query = c.req.valid('query');
      const month = monthNamed(query.month ?? dayOf(new Date()));
      const [plans, used, consumers, gaps] = await Promise.all([
        listPlanDays(database, [tenant.id], month),
        readUsed(database, tenant.id, month, monthTakes()),
        listTopConsumers(database, tenant.id, month, topConsumers),
        gapsOf(tenant, startOfDay(month.firstDay), startOfDay(month.nextFirstDay)),
      ]);
      const made = makeStatement(month, plans, used);
      if (query.format === 'csv')
        return csvAnswer(c, `statement-${tenant.id}-${month.id}`, statementCsv(tenant.id, made));
      return c.json(
        {
          tenant: tenant.id,
          ...made,
          lines: [...made.lines],
          topConsumers: consumers.map(({ consumer, cpuMilliSeconds, memoryKbSeconds }) => ({
            consumer,
            cpuHours: decimalOf((BigInt(cpuMilliSeconds) * 1000n) / 3600n),
            memoryGbHours: decimalOf(BigInt(memoryKbSeconds) / 3600n),
          })),
          gaps,
        },
        200,
      );
    })
    .openapi(showFleet, async (c) => {
      const query = c.req.valid('query');
      const month = monthNamed(query.month ?? dayOf(new Date()));
      const { shown, nextCursor } = await readPage(
        order,
        // A cursor belongs to its month, even when the next one begins.
        { path: c.req.path, query: { ...query, month: month.id } },
        (page) => listTotals(database, month, pricedSections(), query, page),
        ({ tenantId, usageCents, slug }, by) => [by === 'usage' ? usageCents : slug, tenantId],
      );
      const plans = Map.groupBy(
        await listPlanDays(
          database,
          shown.map(({ tenantId }) => tenantId),
          month,
        ),
        ({ tenantId }) => tenantId,
      );
      const tenants = shown.map(({ tenantId, usageCents, product, ...total }) => {
        const { subscriptionCents } = makeStatement(month, plans.get(tenantId) ?? [], []);
        const totalCents = subscriptionCents + usageCents;
        return { tenant: tenantId, product, ...total, subscriptionCents, totalCents };
      });
      if (query.format === 'csv') return csvAnswer(c, `usage-${month.id}`, totalsCsv(month.id, tenants));
      const [state, gaps] = await Promise.all([
        readMeteringState(database),
        listGaps(
          database,
          null,
          startOfDay(month.firstDay),
          new Date(Math.min(startOfDay(month.nextFirstDay).getTime(), slotOf(new Date()).getTime() - slotMs)),
        ),
      ]);
      return c.json(
        {
          month: month.id,
          tenants,
          nextCursor,
          metering: {
            ...state,
            cells: state.cells.map((cell) => ({ ...cell, lastSample: cell.lastSample.toISOString() })),
            oldestStaleHour: state.oldestStaleHour?.toISOString() ?? null,
          },
          gaps: gaps.map(gapView),
        },
        200,
      );
    })
    .openapi(tell, async (c) => {
      const tenant = await c.get('tenants').find(c.req.valid('param').id);
      const { samples, replace } = c.req.valid('json');
      const told = readTold(tenant, samples, new Date());
      await database.transaction(async (client) => {
        const times = told.map(({ slot }) => slot.getTime());
        await ensureUsagePartitions(client, new Date(Math.min(...times)), new Date(Math.max(...times)));
        await writeTold(client, tenant.id, told, { replace });
      });
      return c.json({ accepted: told.length }, 200);
    });
};

/** Checks what a service tells: the product must have the dimensions and not sample them, and times must still count. */
function readTold(
  tenant: Tenant,
  samples: z.infer<typeof toldUsage>['samples'],
  now: Date,
): readonly ToldSample[] {
  const refused = (index: number, field: string, message: string) =>
    new Problem('invalid_request', `samples.${index}.${field}: ${message}`, [
      { field: `samples.${index}.${field}`, message },
    ]);
  const seen = new Set<string>();
  return samples.map(({ dimension, at, quantity }, index) => {
    const use = readUse(tenant.product, { dimension, at: new Date(at), quantity }, now);
    if ('field' in use) throw refused(index, use.field, use.message);
    const { slot, microUnits } = use;
    const key = `${dimension} ${slot.getTime()}`;
    if (seen.has(key)) throw refused(index, 'at', 'is in the same five minutes as another of this dimension');
    seen.add(key);
    return { dimension, slot, microUnits };
  });
}

/** The whole days from a first to a last one. */
function period(given: { from?: string | undefined; until?: string | undefined }, most: number) {
  const until = given.until ?? dayOf(new Date());
  const from = given.from ?? monthNamed(until).firstDay;
  const begin = startOfDay(from);
  const end = new Date(startOfDay(until).getTime() + dayMs);
  const days = (end.getTime() - begin.getTime()) / dayMs;
  if (days < 1 || days > most) {
    const message = `must be from 1 to ${most} days`;
    throw new Problem('invalid_request', `from: ${message}`, [{ field: 'from', message }]);
  }
  return { from, until, begin, end, firstDay: from, nextFirstDay: dayOf(end) };
}

function dayView({ day, dimension, microUnits }: { day: string; dimension: string; microUnits: number }) {
  const unit = findDimension(dimension)?.dimension.unit ?? '';
  return { day, dimension, quantity: decimalOf(microUnits), unit, microUnits };
}

function gapView({ cell, from, until, samples }: UsageGap) {
  return { cell, from: from.toISOString(), until: until.toISOString(), samples };
}

/** Answers with a CSV file, which the type of the described answer does not cover. */
function csvAnswer(c: Context, name: string, text: string): never {
  c.header('content-type', 'text/csv; charset=utf-8');
  c.header('content-disposition', `attachment; filename="${name}.csv"`);
  return c.body(text) as never;
}
