/**
 * AWS's list prices: on demand in us-east-1, without free tiers, discounts, commitments or taxes, in micro-dollars
 * (1/1,000,000 of a US dollar) for one unit.
 *
 * Prices change, so each names its page and the day of the look-up. Update both together.
 */

export interface Price {
  readonly usdMicros: number;
  readonly unit: string;
  /** The price's public page. */
  readonly source: string;
  /** Day of the look-up, as 2025-10-01. */
  readonly asOf: string;
}

const day = '2025-10-01';

function price(dollars: number, unit: string, page: string, asOf = day): Price {
  return { usdMicros: Math.round(dollars * 1e6), unit, source: `https://aws.amazon.com/${page}`, asOf };
}

export const prices = {
  'eks.cluster': price(0.1, 'cluster-hour, standard support', 'eks/pricing/'),

  'ebs.gp3': price(0.08, 'GB-month', 'ebs/pricing/'),
  'ebs.snapshot': price(0.05, 'GB-month', 'ebs/pricing/'),

  'rds.storage': price(0.115, 'GB-month, gp3, one zone', 'rds/postgresql/pricing/'),
  'rds.storageMultiAz': price(0.23, 'GB-month, gp3, two zones', 'rds/postgresql/pricing/'),
  'rds.backup': price(0.095, 'GB-month beyond the size of the database', 'rds/postgresql/pricing/'),
  'rds.proxy': price(0.015, 'vCPU-hour of the database behind it', 'rds/proxy/pricing/'),

  's3.standard': price(0.023, 'GB-month', 's3/pricing/'),
  's3.infrequent': price(0.0125, 'GB-month, Standard-IA', 's3/pricing/'),
  's3.glacier': price(0.0036, 'GB-month, Glacier Flexible Retrieval', 's3/pricing/'),
  's3.write': price(0.005, '1,000 PUT requests', 's3/pricing/'),
  's3.read': price(0.0004, '1,000 GET requests', 's3/pricing/'),
  's3.copyToRegion': price(0.02, 'GB replicated to another region', 's3/pricing/'),

  'nat.hour': price(0.045, 'gateway-hour', 'vpc/pricing/'),
  'nat.gb': price(0.045, 'GB through a NAT gateway', 'vpc/pricing/'),
  'vpc.endpointHour': price(0.01, 'endpoint-hour in a zone', 'privatelink/pricing/'),
  'vpc.ipv4Hour': price(0.005, 'public address-hour', 'vpc/pricing/'),
  'vpc.crossZoneGb': price(0.02, 'GB between zones, both directions', 'ec2/pricing/on-demand/'),

  'lb.hour': price(0.0225, 'load balancer-hour', 'elasticloadbalancing/pricing/'),
  'lb.lcuHour': price(0.008, 'LCU-hour', 'elasticloadbalancing/pricing/'),
  'cloudfront.gb': price(0.085, 'GB to the internet, first 10 TB', 'cloudfront/pricing/'),
  'cloudfront.gbFrom10Tb': price(0.08, 'GB to the internet, next 40 TB', 'cloudfront/pricing/'),
  'cloudfront.gbFrom50Tb': price(0.06, 'GB to the internet, next 100 TB', 'cloudfront/pricing/'),
  'cloudfront.requests': price(0.01, '10,000 HTTPS requests', 'cloudfront/pricing/'),
  'waf.acl': price(5, 'web ACL-month', 'waf/pricing/'),
  'waf.rule': price(1, 'rule-month', 'waf/pricing/'),
  'waf.requests': price(0.6, '1,000,000 requests', 'waf/pricing/'),
  'route53.zone': price(0.5, 'zone-month', 'route53/pricing/'),
  'route53.healthCheck': price(2.5, 'health check-month, HTTPS every 10 seconds', 'route53/pricing/'),
  'route53.queries': price(0.4, '1,000,000 queries', 'route53/pricing/'),

  'cognito.user': price(0.015, 'monthly active user, Essentials', 'cognito/pricing/'),
  'logs.ingest': price(0.5, 'GB into CloudWatch Logs', 'cloudwatch/pricing/'),
  'logs.keep': price(0.03, 'GB-month in CloudWatch Logs', 'cloudwatch/pricing/'),
  'amp.samples': price(0.9, '10,000,000 samples, first 2 billion', 'prometheus/pricing/'),
  'amp.samplesFrom2Billion': price(0.35, '10,000,000 samples, next 250 billion', 'prometheus/pricing/'),
  'kms.key': price(1, 'key-month', 'kms/pricing/'),
  'kms.requests': price(0.03, '10,000 requests', 'kms/pricing/'),
  'secrets.secret': price(0.4, 'secret-month', 'secrets-manager/pricing/'),
  'ecr.gb': price(0.1, 'GB-month', 'ecr/pricing/'),
} as const satisfies Readonly<Record<string, Price>>;

export type PriceId = keyof typeof prices;

/**
 * The price of an hour of the size `large`, by family. Within a family prices are proportional to the size.
 */
export const largePrices: Readonly<Record<string, Price>> = {
  m7g: price(0.0816, 'm7g.large-hour', 'ec2/pricing/on-demand/'),
  m6g: price(0.077, 'm6g.large-hour', 'ec2/pricing/on-demand/'),
  m7i: price(0.1008, 'm7i.large-hour', 'ec2/pricing/on-demand/'),
  c7g: price(0.0725, 'c7g.large-hour', 'ec2/pricing/on-demand/'),
  r7g: price(0.1071, 'r7g.large-hour', 'ec2/pricing/on-demand/'),
  t4g: price(0.0672, 't4g.large-hour', 'ec2/pricing/on-demand/'),
  'db.r8g': price(0.239, 'db.r8g.large-hour, one zone', 'rds/postgresql/pricing/', '2026-04-01'),
  'db.r7g': price(0.239, 'db.r7g.large-hour, one zone', 'rds/postgresql/pricing/'),
  'db.r6g': price(0.225, 'db.r6g.large-hour, one zone', 'rds/postgresql/pricing/'),
  'db.m7g': price(0.168, 'db.m7g.large-hour, one zone', 'rds/postgresql/pricing/'),
  'db.t4g': price(0.129, 'db.t4g.large-hour, one zone', 'rds/postgresql/pricing/'),
  'cache.r7g': price(0.1752, 'cache.r7g.large-hour, Valkey', 'elasticache/pricing/'),
  'cache.r6g': price(0.1648, 'cache.r6g.large-hour, Valkey', 'elasticache/pricing/'),
  'cache.m7g': price(0.1264, 'cache.m7g.large-hour, Valkey', 'elasticache/pricing/'),
  'cache.t4g': price(0.104, 'cache.t4g.large-hour, Valkey', 'elasticache/pricing/'),
};

/** The support plan "Business": a share of the month's bill, by bands. */
export const businessSupport = {
  minimumUsdMicros: 100_000_000,
  /** Basis points of the amount between the last band's end and this one's. */
  bands: [
    { upToUsd: 10_000, basisPoints: 1_000 },
    { upToUsd: 80_000, basisPoints: 700 },
    { upToUsd: 250_000, basisPoints: 500 },
    { upToUsd: Number.POSITIVE_INFINITY, basisPoints: 300 },
  ],
  source: 'https://aws.amazon.com/premiumsupport/pricing/',
  asOf: day,
} as const;

/**
 * What other regions cost, in basis points of us-east-1: the ratio of the price of an m6g.large. Compute differs by it, and
 * most other prices nearly so.
 */
export const regionBasisPoints = {
  'us-east-1': 10_000,
  'us-west-2': 10_000,
  'eu-west-1': 11_170,
  'ap-southeast-1': 12_470,
  source: 'https://aws.amazon.com/ec2/pricing/on-demand/',
  asOf: day,
} as const;

/** The price of spot capacity, in basis points of the price on demand; it differs by type, zone and hour. */
export const spotBasisPoints = {
  value: 4_000,
  source: 'https://aws.amazon.com/ec2/spot/instance-advisor/',
  asOf: day,
} as const;

/** Sizes of a family as multiples of `large`. */
const sizes: Readonly<Record<string, number>> = {
  micro: 1 / 8,
  small: 1 / 4,
  medium: 1 / 2,
  large: 1,
  xlarge: 2,
};

export interface InstancePrice {
  readonly usdMicrosPerHour: number;
  readonly vcpus: number;
  readonly price: Price;
}

/**
 * The price of an hour of an instance of EC2 (`m7g.xlarge`), RDS (`db.r8g.xlarge`) or ElastiCache.
 * @throws RangeError for a type whose family or size has no price here
 */
export function instancePrice(type: string): InstancePrice {
  const at = type.lastIndexOf('.');
  const [family, size] = [type.slice(0, at), type.slice(at + 1)];
  const large = largePrices[family];
  const many = /^(\d+)xlarge$/.exec(size);
  const multiple = many ? 2 * Number(many[1]) : sizes[size];
  if (!large || multiple === undefined) {
    throw new RangeError(
      `there is no price for ${type}; families with prices: ${Object.keys(largePrices).join(', ')}`,
    );
  }
  return {
    usdMicrosPerHour: Math.round(large.usdMicros * multiple),
    // Burstable sizes below large have two processors as well.
    vcpus: Math.max(2, 2 * multiple),
    price: large,
  };
}
