/** The checks of streamed sessions and of a plan's features. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';

/** Features that a plan has or lacks. */
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
    description: 'A streamed session, while it runs; counts against concurrent sessions.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [{ of: 'concurrency', entitlement: 'sessions', amount }],
      estimatedCostMicros: 0,
    }),
  }),
  feature: serviceCheck({
    description: 'Whether the plan has a feature; reserves nothing.',
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
