/** What a use of a workspace must pass. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';

export const checks = {
  session: serviceCheck({
    description: 'A session in the workspace: so many at once as the plan has.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'concurrency', entitlement: 'concurrentSessions', amount }],
      estimatedCostMicros: 0,
    }),
  }),
  apiCall: serviceCheck({
    description:
      'A call of a model on our key, counted by the month; on a key of the customer’s own nothing is.',
    attributes: z.strictObject({}),
    decide: ({ plan, amount }) =>
      plan.entitlements.apiKey === 'own'
        ? {
            admitted: false,
            refusal: {
              entitlement: 'apiKey',
              message: 'Calls of this plan run on your own key and are not asked for here.',
              has: ({ entitlements }) => entitlements.apiKey === 'included',
            },
          }
        : {
            admitted: true,
            needs: [{ of: 'limit', entitlement: 'apiCallsPerMonth', amount }],
            meter: 'workspace_api_calls',
            estimatedCostMicros: 0,
          },
  }),
} as const;
