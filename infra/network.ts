/** The network of a cell: public, private and isolated subnets in three zones, and the ways out of it. */
import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import type { PlatformConfig } from './config.ts';
import type { Keys } from './keys.ts';
import { logRetentionDays } from './log-retention.ts';
import { assumableByService, policyDocument } from './policies.ts';
import { availabilityZones } from './regions.ts';
import { subnetPlan, type tiers } from './subnets.ts';

export interface Network {
  readonly vpcId: Output<string>;
  readonly cidr: string;
  /** Load balancers and NAT gateways. One for each zone, like the others. */
  readonly publicSubnetIds: readonly Output<string>[];
  /** Nodes and pods: out through NAT, nothing in. */
  readonly privateSubnetIds: readonly Output<string>[];
  readonly privateCidrs: readonly string[];
  /** Databases and caches: no way out, and in only from the VPC. */
  readonly isolatedSubnetIds: readonly Output<string>[];
  readonly isolatedCidrs: readonly string[];
  /** Of the private and the isolated subnets. */
  readonly routeTableIds: readonly Output<string>[];
}

/** Services reached without leaving AWS's network. EKS's nodes need the first five before anything else. */
const interfaceEndpoints = ['ecr.api', 'ecr.dkr', 'sts', 'secretsmanager', 'logs'] as const;

/** Makes the network of a cell. */
export function createNetwork(config: PlatformConfig, keys: Keys): Network {
  const { cidr } = config.network;
  const vpc = new aws.ec2.Vpc('vpc', {
    cidrBlock: cidr,
    enableDnsHostnames: true,
    enableDnsSupport: true,
    tags: { Name: config.cellId },
  });
  // Adopts the VPC's default group and removes its rules: what names no group reaches nothing.
  new aws.ec2.DefaultSecurityGroup('default', { vpcId: vpc.id, ingress: [], egress: [] });

  const subnets = createSubnets(config, vpc);
  const privateTables = createRoutes(config, vpc, subnets);
  createEndpoints(config, vpc, subnets, privateTables);
  createFlowLogs(config, vpc, keys);
  return {
    vpcId: vpc.id,
    cidr,
    publicSubnetIds: subnets.public.map(({ id }) => id),
    privateSubnetIds: subnets.private.map(({ id }) => id),
    privateCidrs: subnetPlan(cidr).private,
    isolatedSubnetIds: subnets.isolated.map(({ id }) => id),
    isolatedCidrs: subnetPlan(cidr).isolated,
    routeTableIds: privateTables.map(({ id }) => id),
  };
}

type Subnets = Readonly<Record<(typeof tiers)[number], readonly aws.ec2.Subnet[]>>;

function createSubnets(config: PlatformConfig, vpc: aws.ec2.Vpc): Subnets {
  const plan = subnetPlan(config.network.cidr);
  const zones = availabilityZones(config.region);
  // Load balancers and Karpenter find subnets by these.
  const roleTags = {
    public: { 'kubernetes.io/role/elb': '1' },
    private: { 'kubernetes.io/role/internal-elb': '1', 'karpenter.sh/discovery': config.cellId },
    isolated: {},
  } as const;
  const inTier = (tier: (typeof tiers)[number]) =>
    zones.map(
      (availabilityZone, index) =>
        new aws.ec2.Subnet(`${tier}-${letterOf(availabilityZone)}`, {
          vpcId: vpc.id,
          availabilityZone,
          cidrBlock: plan[tier][index] ?? '',
          // Public addresses are requested by name (load balancers, NAT gateways), never given to everything that
          // starts.
          mapPublicIpOnLaunch: false,
          tags: { Name: `${config.cellId}-${tier}-${letterOf(availabilityZone)}`, ...roleTags[tier] },
        }),
    );
  return { public: inTier('public'), private: inTier('private'), isolated: inTier('isolated') };
}

/** Routes of every tier. Returns the tables of the private and the isolated subnets. */
function createRoutes(config: PlatformConfig, vpc: aws.ec2.Vpc, subnets: Subnets): aws.ec2.RouteTable[] {
  const zones = availabilityZones(config.region).map(letterOf);
  const internet = new aws.ec2.InternetGateway('internet', {
    vpcId: vpc.id,
    tags: { Name: config.cellId },
  });
  const publicTable = createTable('public', { config, vpc, subnets: subnets.public, zones });
  new aws.ec2.Route('public-internet', {
    routeTableId: publicTable.id,
    destinationCidrBlock: '0.0.0.0/0',
    gatewayId: internet.id,
  });

  const gateways = zones.slice(0, config.network.natGateways).map((zone, index) => {
    const address = new aws.ec2.Eip(`nat-${zone}`, {
      domain: 'vpc',
      tags: { Name: `${config.cellId}-nat-${zone}` },
    });
    return new aws.ec2.NatGateway(
      `nat-${zone}`,
      {
        allocationId: address.id,
        subnetId: subnets.public[index]?.id ?? '',
        tags: { Name: `${config.cellId}-${zone}` },
      },
      { dependsOn: [internet] },
    );
  });
  const privateTables = zones.map((zone, index) => {
    const own = subnets.private.slice(index, index + 1);
    const table = createTable(`private-${zone}`, { config, vpc, subnets: own, zones: [zone] });
    // With a single gateway every zone goes out through it.
    const gateway = gateways[index] ?? gateways[0];
    if (gateway) {
      new aws.ec2.Route(`private-${zone}-internet`, {
        routeTableId: table.id,
        destinationCidrBlock: '0.0.0.0/0',
        natGatewayId: gateway.id,
      });
    }
    return table;
  });
  const isolatedTable = createTable('isolated', { config, vpc, subnets: subnets.isolated, zones });
  return [...privateTables, isolatedTable];
}

function createTable(
  name: string,
  args: {
    config: PlatformConfig;
    vpc: aws.ec2.Vpc;
    subnets: readonly aws.ec2.Subnet[];
    zones: readonly string[];
  },
): aws.ec2.RouteTable {
  const table = new aws.ec2.RouteTable(name, {
    vpcId: args.vpc.id,
    tags: { Name: `${args.config.cellId}-${name}` },
  });
  args.subnets.forEach((subnet, index) => {
    const zone = args.zones[index] ?? '';
    new aws.ec2.RouteTableAssociation(name.endsWith(`-${zone}`) ? name : `${name}-${zone}`, {
      routeTableId: table.id,
      subnetId: subnet.id,
    });
  });
  return table;
}

function createEndpoints(
  config: PlatformConfig,
  vpc: aws.ec2.Vpc,
  subnets: Subnets,
  tables: readonly aws.ec2.RouteTable[],
): void {
  const serviceName = (service: string) => `com.amazonaws.${config.region}.${service}`;
  new aws.ec2.VpcEndpoint('s3', {
    vpcId: vpc.id,
    serviceName: serviceName('s3'),
    vpcEndpointType: 'Gateway',
    routeTableIds: tables.map(({ id }) => id),
    tags: { Name: `${config.cellId}-s3` },
  });
  const group = new aws.ec2.SecurityGroup('endpoints', {
    vpcId: vpc.id,
    name: `${config.cellId}-endpoints`,
    description: 'Interface endpoints: HTTPS from the VPC',
    ingress: [{ protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: [config.network.cidr] }],
    egress: [],
    tags: { Name: `${config.cellId}-endpoints` },
  });
  // Endpoints have as many zones as NAT gateways: in dev one zone's outage may take down everything.
  const subnetIds = subnets.private.slice(0, config.network.natGateways).map(({ id }) => id);
  for (const service of interfaceEndpoints) {
    new aws.ec2.VpcEndpoint(service.replace('.', '-'), {
      vpcId: vpc.id,
      serviceName: serviceName(service),
      vpcEndpointType: 'Interface',
      privateDnsEnabled: true,
      subnetIds,
      securityGroupIds: [group.id],
      tags: { Name: `${config.cellId}-${service}` },
    });
  }
}

function createFlowLogs(config: PlatformConfig, vpc: aws.ec2.Vpc, keys: Keys): void {
  const group = new aws.cloudwatch.LogGroup('flow', {
    name: `/tenantry/${config.cellId}/flow`,
    retentionInDays: logRetentionDays(config.monitoring.retentionDays),
    kmsKeyId: keys.logs.arn,
  });
  const role = new aws.iam.Role('flow-logs', {
    name: `${config.cellId}-flow-logs`,
    assumeRolePolicy: assumableByService('vpc-flow-logs.amazonaws.com'),
  });
  new aws.iam.RolePolicy('flow-logs', {
    role: role.name,
    policy: policyDocument({
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
      Resource: group.arn.apply((arn) => `${arn}:*`),
    }),
  });
  new aws.ec2.FlowLog('flow', {
    vpcId: vpc.id,
    trafficType: 'ALL',
    logDestinationType: 'cloud-watch-logs',
    logDestination: group.arn,
    iamRoleArn: role.arn,
    maxAggregationInterval: 60,
    tags: { Name: config.cellId },
  });
}

/** `a` of `us-east-1a`. */
function letterOf(zone: string): string {
  return zone.slice(-1);
}
