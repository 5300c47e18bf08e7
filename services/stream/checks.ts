/** What streamed sessions and the features of a company must pass. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';

/** Features that a plan has or has not. */
const features = [
  'sso',
  'dlp',
  'compliance',
  'branding',
  'multiRegion',
  'dedicatedCluster',
  'advancedAudit',
] as const;

export const checks = {
  session: serviceCheck({
    description: 'A streamed session: so many at once as the plan has.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'concurrency', entitlement: 'sessions', amount }],
      estimatedCostMicros: 0,
    }),
  }),
  feature: serviceCheck({
    description: 'Whether the plan has a feature. Nothing is reserved.',
    attributes: z.strictObject({ feature: z.enum(features) }),
    decide: ({ plan, attributes: { feature } }) => {
      const has = ({ entitlements }: typeof plan) => entitlements[feature] === true;
      return has(plan)
        ? { admitted: true, needs: [], estimatedCostMicros: 0 }
        : {
            admitted: false,
            refusal: { entitlement: feature, message: `This plan has no ${feature}.`, has },
          };
    },
  }),
} as const;
