import { platform } from '../tenants/catalog/index.ts';

/** Regions the platform is made for. */
export const { regions } = platform;
export type Region = (typeof regions)[number];

/** Three zones of a region. */
export type Zones = readonly [string, string, string];

/**
 * Zones that every account can use for EKS, RDS Proxy and ElastiCache alike. A table rather than a question to AWS,
 * so that a preview needs no account and a new zone of AWS moves nothing. us-east-1e has no EKS control planes.
 */
const zonesOf: Readonly<Record<Region, Zones>> = {
  'us-east-1': ['us-east-1a', 'us-east-1b', 'us-east-1c'],
  'us-west-2': ['us-west-2a', 'us-west-2b', 'us-west-2c'],
  'eu-west-1': ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
  'ap-southeast-1': ['ap-southeast-1a', 'ap-southeast-1b', 'ap-southeast-1c'],
};

/** The three availability zones that a region's platform spreads over. */
export function availabilityZones(region: Region): Zones {
  return zonesOf[region];
}
