/** The bill of materials of a cell: its parts, their amounts, and their prices. Pure. */
import { type PlatformConfig, tenantServerSize } from '../../infra/config.ts';
import {
  backupMultiple,
  clusterLogsGb,
  controlPlaneRowsGb,
  crossZoneShare,
  databaseFill,
  hoursPerMonth,
  imagesGb,
  longTermSeries,
  monitoringVolumesGb,
  perTenant,
  platformPods,
  samplesPerSeries,
  spotShareBasisPoints,
  tenantNode,
  tenantsPerApiReplica,
  tenantsPerDatabaseVcpu,
  tenantsPerWorkerReplica,
} from './assumptions.ts';
import {
  instancePrice,
  type Price,
  type PriceId,
  prices,
  regionBasisPoints,
  spotBasisPoints,
} from './prices.ts';
import { nodeHours, type TenantNeeds } from './tenant.ts';

export const subjects = [
  'cluster',
  'compute',
  'database',
  'cache',
  'storage',
  'network',
  'edge',
  'identity',
  'monitoring',
  'backup',
  'security',
  'support',
] as const;
export type Subject = (typeof subjects)[number];

export interface BillLine {
  readonly subject: Subject;
  readonly item: string;
  /** For a month. */
  readonly quantity: number;
  readonly unit: string;
  /** Price of one unit in the cell's region. */
  readonly unitMicros: number;
  readonly costMicros: number;
  /** Page and day of the price. */
  readonly source: string;
  readonly asOf: string;
}

/** What all tenants of a cell need together. */
export interface FleetNeeds extends TenantNeeds {
  readonly tenants: number;
}

type Configured = Pick<
  PlatformConfig,
  | 'region'
  | 'network'
  | 'cluster'
  | 'database'
  | 'primary'
  | 'cache'
  | 'identity'
  | 'storage'
  | 'controlPlane'
  | 'monitoring'
>;

/**
 * The monthly bill of a cell with this configuration and these tenants, without support.
 * @throws RangeError when an instance type of the configuration has no price
 */
export function billOfMaterials(config: Configured, needs: FleetNeeds): readonly BillLine[] {
  const line = lineIn(config.region);
  return [
    ...clusterLines(config, needs, line),
    ...databaseLines(config, needs, line),
    ...cacheLines(config, line),
    ...storageLines(needs, line),
    ...networkLines(config, needs, line),
    ...edgeLines(config, needs, line),
    ...monitoringLines(config, needs, line),
    ...backupLines(config, needs, line),
  ].filter(({ quantity }) => quantity > 0);
}

type Line = (subject: Subject, item: string, quantity: number, of: PriceId | Rated) => BillLine;
interface Rated {
  readonly price: Price;
  /** Differs from the list price for another size or spot capacity. */
  readonly usdMicros: number;
  readonly unit: string;
}

function lineIn(region: Configured['region']): Line {
  return (subject, item, quantity, of) => {
    const rated = typeof of === 'string' ? { price: prices[of], ...prices[of] } : of;
    const unitMicros = (rated.usdMicros * regionBasisPoints[region]) / 10_000;
    return {
      subject,
      item,
      quantity,
      unit: rated.unit,
      unitMicros: Math.round(unitMicros),
      costMicros: Math.round(quantity * unitMicros),
      source: rated.price.source,
      asOf: rated.price.asOf,
    };
  };
}

function onDemand(type: string, zones: 1 | 2 = 1): Rated {
  const { usdMicrosPerHour, price } = instancePrice(type);
  return {
    price,
    usdMicros: zones * usdMicrosPerHour,
    unit: zones === 2 ? `${type}-hour, two zones` : `${type}-hour`,
  };
}

function spot(type: string): Rated {
  const { usdMicrosPerHour } = instancePrice(type);
  const { value, source, asOf } = spotBasisPoints;
  const unit = `${type}-hour, spot`;
  return {
    price: { usdMicros: 0, unit, source, asOf },
    usdMicros: (usdMicrosPerHour * value) / 10_000,
    unit,
  };
}

function clusterLines({ cluster, controlPlane }: Configured, needs: FleetNeeds, line: Line): BillLine[] {
  const { tenants } = needs;
  const system = cluster.systemNodes;
  const api = Math.max(controlPlane.apiReplicas, Math.ceil(tenants / tenantsPerApiReplica));
  const workers = Math.max(controlPlane.workerReplicas, Math.ceil(tenants / tenantsPerWorkerReplica));
  const sum = (of: 'vcpus' | 'memoryGib') =>
    api * platformPods.api[of] +
    workers * platformPods.worker[of] +
    platformPods.base[of] +
    (tenants / 100) * platformPods.perHundredTenants[of];
  const platformHours = nodeHours(sum('vcpus'), sum('memoryGib')) * hoursPerMonth;
  const spotHours = (needs.nodeHours * spotShareBasisPoints) / 10_000;
  const nodes = system.desired + (platformHours + needs.nodeHours) / hoursPerMonth;
  return [
    line('cluster', 'EKS control plane', hoursPerMonth, 'eks.cluster'),
    line('compute', 'system nodes', system.desired * hoursPerMonth, onDemand(system.instanceTypes[0] ?? '')),
    line('compute', 'nodes of the control plane and monitoring', platformHours, onDemand(tenantNode.type)),
    line('compute', 'nodes of tenants, on demand', needs.nodeHours - spotHours, onDemand(tenantNode.type)),
    line('compute', 'nodes of tenants, spot', spotHours, spot(tenantNode.type)),
    line('compute', 'root volumes of nodes', nodes * tenantNode.rootVolumeGb, 'ebs.gp3'),
  ];
}

/**
 * The instance class for this many tenants: the configured one, or a larger size of its family. A burstable family has no
 * large sizes, so one for databases replaces it.
 */
export function databaseClass(configured: string, tenants: number): string {
  const own = configured.slice(0, configured.lastIndexOf('.'));
  const family = own.startsWith('db.t') ? 'db.r8g' : own;
  const sizes = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '16xlarge', '24xlarge'];
  const atLeast = instancePrice(configured);
  const enough = sizes
    .map((size) => `${family}.${size}`)
    .filter((type) => {
      const { vcpus, usdMicrosPerHour } = instancePrice(type);
      return vcpus * tenantsPerDatabaseVcpu >= tenants && usdMicrosPerHour > atLeast.usdMicrosPerHour;
    });
  if (atLeast.vcpus * tenantsPerDatabaseVcpu >= tenants) return configured;
  return enough[0] ?? `${family}.24xlarge`;
}

function databaseLines(
  { database, primary, storage: { replicaRegion } }: Configured,
  needs: FleetNeeds,
  line: Line,
): BillLine[] {
  const { multiAz, readReplicas, dedicatedInstances } = database;
  const ofTenants = primary ? tenantServerSize(database) : database;
  const tenantsType = databaseClass(ofTenants.instanceClass, needs.tenants);
  const type = primary ? database.instanceClass : tenantsType;
  const controlRowsGb = controlPlaneRowsGb.base + controlPlaneRowsGb.perTenant * needs.tenants;
  const rowsGb = needs.databaseGb + controlRowsGb;
  // In the home cell tenants' rows are on a server of their own.
  const storageGb = Math.max(database.storageGb, (primary ? controlRowsGb : rowsGb) / databaseFill);
  const tenantsGb = Math.max(ofTenants.storageGb, needs.databaseGb / databaseFill);
  const vcpus = instancePrice(type).vcpus;
  return [
    line('database', 'primary', hoursPerMonth, onDemand(type, multiAz ? 2 : 1)),
    ...(primary
      ? [
          line('database', "tenants' server", hoursPerMonth, onDemand(tenantsType, multiAz ? 2 : 1)),
          line(
            'database',
            "storage of tenants' server",
            tenantsGb,
            multiAz ? 'rds.storageMultiAz' : 'rds.storage',
          ),
        ]
      : []),
    line('database', 'read replicas', readReplicas * hoursPerMonth, onDemand(type)),
    line('database', 'storage', storageGb, multiAz ? 'rds.storageMultiAz' : 'rds.storage'),
    line('database', 'storage of read replicas', readReplicas * storageGb, 'rds.storage'),
    line('database', 'connection pool', vcpus * hoursPerMonth, 'rds.proxy'),
    ...dedicatedInstances.flatMap(({ name, instanceClass, storageGb: gb }) => [
      line('database', `dedicated instance ${name}`, hoursPerMonth, onDemand(instanceClass, multiAz ? 2 : 1)),
      line('database', `storage of ${name}`, gb, multiAz ? 'rds.storageMultiAz' : 'rds.storage'),
    ]),
    line('backup', 'point-in-time recovery', backupMultiple * rowsGb, 'rds.backup'),
    line('backup', 'the same in another region', replicaRegion ? backupMultiple * rowsGb : 0, 'rds.backup'),
  ];
}

function cacheLines({ cache }: Configured, line: Line): BillLine[] {
  return [line('cache', 'Valkey', (1 + cache.replicas) * hoursPerMonth, onDemand(cache.nodeType))];
}

function storageLines(needs: FleetNeeds, line: Line): BillLine[] {
  const { recordings } = needs;
  return [
    line('storage', 'volumes of tenants', needs.volumeGb, 'ebs.gp3'),
    line('storage', 'objects and new recordings', needs.objectsGb + recordings.standardGb, 's3.standard'),
    line('storage', 'recordings until day 90', recordings.infrequentGb, 's3.infrequent'),
    line('storage', 'recordings after day 90', recordings.glacierGb, 's3.glacier'),
    line('storage', 'reads of objects', needs.requestsThousands * 0.2, 's3.read'),
    line('storage', 'state of stacks', perTenant.stateWritesThousands * needs.tenants, 's3.write'),
    line('storage', 'images', imagesGb, 'ecr.gb'),
  ];
}

const zones = 3;
/** ECR twice, STS, Secrets Manager, logs; S3 costs nothing. */
const interfaceEndpoints = 5;

function networkLines({ network }: Configured, needs: FleetNeeds, line: Line): BillLine[] {
  return [
    line('network', 'NAT gateways', network.natGateways * hoursPerMonth, 'nat.hour'),
    line('network', 'traffic through NAT gateways', needs.natGb, 'nat.gb'),
    line('network', 'interface endpoints', zones * interfaceEndpoints * hoursPerMonth, 'vpc.endpointHour'),
    line('network', 'public addresses', (network.natGateways + zones) * hoursPerMonth, 'vpc.ipv4Hour'),
    line(
      'network',
      'traffic between zones',
      (needs.egressGb + needs.natGb) * crossZoneShare,
      'vpc.crossZoneGb',
    ),
  ];
}

/** The managed rule groups and the rate rule. */
const wafRules = 6;

function edgeLines({ identity }: Configured, needs: FleetNeeds, line: Line): BillLine[] {
  const { requestsThousands: thousands, egressGb } = needs;
  return [
    line('edge', 'CloudFront, traffic', band(egressGb, 0, 10_000), 'cloudfront.gb'),
    line('edge', 'CloudFront, traffic above 10 TB', band(egressGb, 10_000, 50_000), 'cloudfront.gbFrom10Tb'),
    line('edge', 'CloudFront, traffic above 50 TB', band(egressGb, 50_000), 'cloudfront.gbFrom50Tb'),
    line('edge', 'CloudFront, requests', thousands / 10, 'cloudfront.requests'),
    line('edge', 'firewall', 1, 'waf.acl'),
    line('edge', 'firewall, rules', wafRules, 'waf.rule'),
    line('edge', 'firewall, requests', thousands / 1_000, 'waf.requests'),
    line('edge', 'load balancer', hoursPerMonth, 'lb.hour'),
    // One LCU covers a gigabyte per hour, or 25 new connections per second.
    line('edge', 'load balancer, use', Math.max(hoursPerMonth, egressGb), 'lb.lcuHour'),
    line('edge', 'names', 2, 'route53.zone'),
    line('edge', 'queries for names', thousands / 10 / 1_000, 'route53.queries'),
    line('edge', 'health check', 1, 'route53.healthCheck'),
    line('identity', 'people who sign in', identity.kind === 'cognito' ? needs.users : 0, 'cognito.user'),
  ];
}

/** How much of an amount lies between two bounds. */
function band(amount: number, from: number, to = Number.POSITIVE_INFINITY): number {
  return Math.max(0, Math.min(amount, to) - from);
}

function monitoringLines({ monitoring }: Configured, needs: FleetNeeds, line: Line): BillLine[] {
  const months = monitoring.retentionDays / 30;
  const logsGb = perTenant.logsGb * needs.tenants;
  const series = longTermSeries.base + longTermSeries.perTenant * needs.tenants;
  const samples = series * samplesPerSeries;
  const cloudwatchGb = clusterLogsGb + (monitoring.logs === 'cloudwatch' ? logsGb : 0);
  return [
    line('monitoring', 'volumes of Prometheus and Loki', monitoringVolumesGb, 'ebs.gp3'),
    line('monitoring', 'metrics kept for long', band(samples, 0, 2e9) / 1e7, 'amp.samples'),
    line('monitoring', 'metrics above 2 billion', band(samples, 2e9) / 1e7, 'amp.samplesFrom2Billion'),
    line('monitoring', 'logs kept by Loki', monitoring.logs === 'loki' ? logsGb * months : 0, 's3.standard'),
    line('monitoring', 'logs of the cluster', cloudwatchGb, 'logs.ingest'),
    line('monitoring', 'logs kept by CloudWatch', cloudwatchGb * months, 'logs.keep'),
    line('monitoring', 'flow logs', perTenant.flowLogsGb * needs.tenants, 'logs.ingest'),
  ];
}

/** One key for each kind of data, here and for the copies in another region. */
const keysHere = 8;
const keysOfCopies = 4;
const platformSecrets = 8;

function backupLines({ storage }: Configured, needs: FleetNeeds, line: Line): BillLine[] {
  const { recordings, objectsGb } = needs;
  const copiesGb = storage.replicaRegion ? objectsGb + recordings.standardGb + recordings.infrequentGb : 0;
  // What is new in a month: a third of the objects, and all recordings.
  const copiedGb = storage.replicaRegion
    ? objectsGb / 3 + (recordings.standardGb * 30) / 7 + needs.databaseGb
    : 0;
  return [
    line('backup', 'snapshots of volumes', needs.snapshotGb, 'ebs.snapshot'),
    line('backup', 'copies in another region', copiesGb, 's3.infrequent'),
    line('backup', 'copying to another region', copiedGb, 's3.copyToRegion'),
    line('security', 'keys', keysHere + (storage.replicaRegion ? keysOfCopies : 0), 'kms.key'),
    line('security', 'use of keys', perTenant.kmsRequestsTenThousands * needs.tenants, 'kms.requests'),
    line('security', 'secrets', platformSecrets, 'secrets.secret'),
  ];
}
