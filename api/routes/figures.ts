import { askFigures, booksNow, dayOf, overviewOf, revenueAt } from '../../automation/figures/index.ts';
import { operatorsOnly } from '../access.ts';
import { figures, figuresQuery, mrr, mrrQuery, overview } from '../contract/figures.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';

/** Most rows of one answer, for each product or plan. */
const mostPeriods = 400;

const figuresRoute = createRoute({
  method: 'get',
  path: '/v1/figures',
  operationId: 'getFigures',
  tags: ['Figures'],
  summary: 'Business figures over time: MRR and what moved it, churn, LTV, conversion, revenue',
  description: 'For operators. The definitions are in docs/business-figures.md.',
  access: operatorsOnly,
  request: { query: figuresQuery },
  responses: {
    200: {
      description: 'A row for each period and product or plan',
      content: { 'application/json': { schema: figures } },
    },
    ...problemResponses,
  },
});

const mrrRoute = createRoute({
  method: 'get',
  path: '/v1/figures/mrr',
  operationId: 'getMrr',
  tags: ['Figures'],
  summary: 'MRR by plan at an instant',
  description: 'For operators. As of any past instant, to the second.',
  access: operatorsOnly,
  request: { query: mrrQuery },
  responses: {
    200: { description: 'By plan and currency', content: { 'application/json': { schema: mrr } } },
    ...problemResponses,
  },
});

const overviewRoute = createRoute({
  method: 'get',
  path: '/v1/figures/overview',
  operationId: 'getFiguresOverview',
  tags: ['Figures'],
  summary: 'How each product stands: applications, subscriptions, MRR, active tenants, resources',
  description: 'For operators.',
  access: operatorsOnly,
  responses: {
    200: { description: 'By product', content: { 'application/json': { schema: overview } } },
    ...problemResponses,
  },
});

export const figuresRoutes = ({ database }: ApiDeps) => {
  const router = createRouter();
  return router
    .openapi(figuresRoute, async (c) => {
      const { from, to, every, by, currency } = c.req.valid('query');
      const now = await booksNow(database, new Date());
      const today = dayOf(now);
      const toDay = Math.min(today, to === undefined ? today : dayOf(new Date(to))) + 1;
      const fromDay = from === undefined ? yearBefore(toDay - 1) : dayOf(new Date(from));
      assertStretch(fromDay, toDay, every);
      const answer = await askFigures(database, { fromDay, toDay, every, by, currency }, now);
      return c.json(
        {
          ...answer,
          asOf: answer.asOf.toISOString(),
          currencies: [...answer.currencies],
          rows: answer.rows.map((row) => ({
            ...row,
            movementsMicros: { ...row.movementsMicros },
            conversions: { ...row.conversions },
          })),
        },
        200,
      );
    })
    .openapi(mrrRoute, async (c) => {
      const { at } = c.req.valid('query');
      const instant = at === undefined ? await booksNow(database, new Date()) : new Date(at);
      const plans = await revenueAt(database, instant);
      return c.json(
        {
          at: instant.toISOString(),
          plans: plans.map(({ micros, ...of }) => ({ ...of, mrrMicros: micros })),
        },
        200,
      );
    })
    .openapi(overviewRoute, async (c) => {
      const { asOf, products } = await overviewOf(database, new Date());
      return c.json(
        {
          asOf: asOf.toISOString(),
          products: products.map((product) => ({
            ...product,
            subscriptions: [...product.subscriptions],
            mrr: product.mrr.map(({ micros, ...of }) => ({ ...of, mrrMicros: micros })),
          })),
        },
        200,
      );
    });
};

/** The first of the month eleven months earlier, so that the answer covers twelve months. */
function yearBefore(day: number): number {
  const date = new Date(day * 86_400_000);
  return dayOf(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 11, 1)));
}

function assertStretch(fromDay: number, toDay: number, every: 'day' | 'month' | 'whole'): void {
  const problem =
    toDay <= fromDay
      ? 'must not be after to, or today'
      : every === 'day' && toDay - fromDay > mostPeriods
        ? `at most ${mostPeriods} days can be shown one by one`
        : toDay - fromDay > mostPeriods * 28
          ? 'is too long ago'
          : null;
  if (problem)
    throw new Problem('invalid_request', `from: ${problem}`, [{ field: 'from', message: problem }]);
}
