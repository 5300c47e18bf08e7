/** The check of streamed sessions. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';

export const checks = {
  session: serviceCheck({
    description: 'A streamed session, while it runs; counts against concurrent sessions.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'concurrency', entitlement: 'sessions', amount }],
      estimatedCostMicros: 0,
    }),
  }),
} as const;
