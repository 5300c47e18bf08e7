/** The check of a browser session: the plan has sessions, and the credits suffice. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';
import { browsers } from '../../tenants/catalog/browsers.ts';

const meter = 'browsers_sessions';
const costMicros = browsers.meters.find(({ id }) => id === meter)?.unitCostMicros ?? 0;

export const checks = {
  session: serviceCheck({
    description: 'A browser session, paid for with credits.',
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
        // Credits pay for it: the product grants this allowance as credits.
        needs: [{ of: 'limit', entitlement: 'sessionsPerMonth', amount }],
        meter,
        estimatedCostMicros: amount * costMicros,
      };
    },
  }),
} as const;
