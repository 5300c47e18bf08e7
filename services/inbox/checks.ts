/** What e-mails, projects and calls of models must pass. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';

export const checks = {
  email: serviceCheck({
    description: 'An e-mail that is taken in: one of the month’s.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'limit', entitlement: 'emailsPerMonth', amount }],
      meter: 'inbox_emails',
      estimatedCostMicros: 0,
    }),
  }),
  project: serviceCheck({
    description: 'Another project beside those that there are.',
    attributes: z.strictObject({
      /** The product keeps its projects itself, and says how many there are. */
      existing: z.int().nonnegative(),
    }),
    decide: ({ plan, amount, attributes: { existing } }) => {
      const fits = ({ entitlements: { projects } }: typeof plan) =>
        typeof projects !== 'number' || existing + amount <= projects;
      return fits(plan)
        ? { admitted: true, needs: [], estimatedCostMicros: 0 }
        : {
            admitted: false,
            refusal: {
              entitlement: 'projects',
              message: `This plan has ${plan.entitlements.projects} projects, of which ${existing} are in use.`,
              has: fits,
            },
          };
    },
  }),
  apiCost: serviceCheck({
    description: 'A call of a model, its amount being what it costs at most in micro-dollars of the budget.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'budget', costMicros: amount }],
      meter: 'inbox_api_cost_micros',
      estimatedCostMicros: amount,
    }),
  }),
} as const;
