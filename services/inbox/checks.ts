/** The checks of e-mails, projects and calls of models. */
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
  project: serviceCheck({
    description: 'A new project beside the existing ones; counts against projects.',
    attributes: z.strictObject({
      /** The product keeps its projects itself, so it must say how many exist. */
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
              left: Math.max(0, Number(plan.entitlements.projects) - existing),
            },
          };
    },
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
