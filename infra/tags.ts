import type { PlatformConfig } from './config.ts';

/** Tags that every resource carries; the policy pack requires them. */
export const requiredTags = [
  'tenantry:environment',
  'tenantry:stack',
  'tenantry:cell',
  'owner',
  'cost-center',
] as const;

export type Tags = Readonly<Record<(typeof requiredTags)[number], string>>;

/** The tags of all of a stack's resources. */
export function platformTags(
  config: Pick<PlatformConfig, 'environment' | 'cellId' | 'ownership'>,
  stack: string,
): Tags {
  return {
    'tenantry:environment': config.environment,
    'tenantry:stack': stack,
    'tenantry:cell': config.cellId,
    owner: config.ownership.owner,
    'cost-center': config.ownership.costCenter,
  };
}
