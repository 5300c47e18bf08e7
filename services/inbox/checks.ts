/** The checks of e-mails and calls of models. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';

export const checks = {
  email: serviceCheck({
    description: 'A received e-mail; counts against e-mails per month.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'limit', entitlement: 'emailsPerMonth', amount }],
      meter: 'inbox_emails',
      estimatedCostMicros: 0,
    }),
  }),
  apiCost: serviceCheck({
    description:
      'A call of a model; the amount is the most that it may cost, in micro-dollars of the API budget.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'budget', costMicros: amount }],
      meter: 'inbox_api_cost_micros',
      estimatedCostMicros: amount,
    }),
  }),
} as const;
