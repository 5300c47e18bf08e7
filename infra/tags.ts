/** Tags that every resource carries; the policy pack requires them. */
export const requiredTags = [
  'tenantry:environment',
  'tenantry:stack',
  'tenantry:cell',
  'owner',
  'cost-center',
] as const;

export type Tags = Readonly<Record<(typeof requiredTags)[number], string>>;
