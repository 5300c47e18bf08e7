/** How a cell's network is divided. */

export const tiers = ['public', 'private', 'isolated'] as const;

export type SubnetPlan = Readonly<Record<(typeof tiers)[number], readonly [string, string, string]>>;

/**
 * Subnets of a /16, three of a tier, one for each zone: private ones of 16,384 addresses, as every pod takes one;
 * public and isolated ones of 256 in the last quarter, the rest of which stays free.
 */
export function subnetPlan(cidr: string): SubnetPlan {
  const [first = '', second = ''] = cidr.split('.');
  const at = (third: number, prefix: number) => `${first}.${second}.${third}.0/${prefix}`;
  return {
    private: [at(0, 18), at(64, 18), at(128, 18)],
    public: [at(192, 24), at(193, 24), at(194, 24)],
    isolated: [at(200, 24), at(201, 24), at(202, 24)],
  };
}
