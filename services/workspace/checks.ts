/** The checks of a workspace's sessions and API calls. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';

export const checks = {
  session: serviceCheck({
    description: 'A session in the workspace, while it runs; counts against concurrent sessions.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'concurrency', entitlement: 'concurrentSessions', amount }],
      estimatedCostMicros: 0,
    }),
  }),
  apiCall: serviceCheck({
    description:
      'A call of a model on our key; counts against API calls per month. Calls on a customer’s own key need no check.',
    attributes: z.strictObject({}),
    decide: ({ plan, amount }) =>
      plan.entitlements.apiKey === 'own'
        ? {
            admitted: false,
            refusal: {
              entitlement: 'apiKey',
              message: 'This plan runs calls on your own key, so they need no check.',
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
