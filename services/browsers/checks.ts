/** What a browser session must pass: the plan has it, the month's allowance is not used up, the credits suffice. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';
import { browsers } from '../../tenants/catalog/browsers.ts';

const meter = 'browsers_sessions';
const costMicros = browsers.meters.find(({ id }) => id === meter)?.unitCostMicros ?? 0;

export const checks = {
  session: serviceCheck({
    description: 'A browser session: one of the month’s, for credits.',
    attributes: z.strictObject({}),
    decide: ({ plan, amount }) => {
      const has = ({ entitlements }: typeof plan) => entitlements.sessionsPerMonth !== 0;
      if (!has(plan))
        return {
          admitted: false,
          refusal: { entitlement: 'sessionsPerMonth', message: 'This plan has no sessions.', has },
        };
      return {
        admitted: true,
        // The allowance is given out as credits, which pay for the use.
        needs: [{ of: 'limit', entitlement: 'sessionsPerMonth', amount }],
        meter,
        estimatedCostMicros: amount * costMicros,
      };
    },
  }),
} as const;
