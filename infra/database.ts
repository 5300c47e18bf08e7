/**
 * PostgreSQL of a cell: one server for the control plane and all shared tenants, its replicas, one server for each
 * dedicated tenant that asks for it, and the proxy.
 */
import * as aws from '@pulumi/aws';
import { interpolate, type Output } from '@pulumi/pulumi';
import { platform } from '../tenants/catalog/index.ts';
import { type PlatformConfig, tenantServerSize } from './config.ts';
import {
  createReplica,
  createServer,
  databaseName,
  parameters,
  postgresPort,
  postgresVersion,
  type Server,
  type ServerSurroundings,
  tenantParameters,
} from './database/instance.ts';
import { createProxy } from './database/proxy.ts';
import { rotatePasswords } from './database/rotation.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import { assumableByService } from './policies.ts';

export interface Endpoint {
  readonly host: Output<string>;
  readonly port: number;
  readonly database: string;
  /** Secret with the owner's `username` and `password`. */
  readonly secretArn: Output<string>;
}

export interface Database extends Endpoint {
  readonly identifier: Output<string>;
  /** ARN of the server, for backups. */
  readonly arn: Output<string>;
  /**
   * The proxy: pooled connections of the owner. `host` is the server itself, for LISTEN, session locks and tenants.
   */
  readonly proxyHost: Output<string>;
  readonly replicaHosts: readonly Output<string>[];
  /** The server of the tenants that have none of their own; never the control plane's. */
  readonly tenants: Endpoint & { readonly arn: Output<string> };
  /** Servers of dedicated tenants by name. */
  readonly dedicated: Readonly<Record<string, Endpoint & { readonly arn: Output<string> }>>;
  /** Groups to which further clients add their rules. */
  readonly securityGroupId: Output<string>;
  readonly proxySecurityGroupId: Output<string>;
}

/** A dedicated tenant's server may grow to this many times its first size. */
const dedicatedGrowth = 4;

/**
 * Makes the cell's servers.
 * @param args.clientSecurityGroupId group of the nodes, whose pods may connect
 */
export function createDatabase(
  config: PlatformConfig,
  args: { network: Network; keys: Keys; clientSecurityGroupId: Output<string> },
): Database {
  const { network, keys } = args;
  const groups = createGroups(config, network, args.clientSecurityGroupId);
  const around = createSurroundings(config, args, groups.server);
  const { database } = config;
  const ofTenants = { ...around, parameterGroupName: createParameters(config, 'tenants', tenantParameters) };
  const main = createServer('main', database, config.primary ? around : ofTenants);
  // In other cells the control plane has no database.
  const tenants = config.primary
    ? createServer('tenants', { ...tenantServerSize(database), multiAz: database.multiAz }, ofTenants)
    : main;
  const replicas = Array.from({ length: database.readReplicas }, (_, index) =>
    createReplica(`main-replica-${index + 1}`, main.instance, { ...database, multiAz: false }, around),
  );
  const dedicated = Object.fromEntries(
    database.dedicatedInstances.map((wanted) => {
      const size = {
        instanceClass: wanted.instanceClass,
        storageGb: wanted.storageGb,
        maxStorageGb: wanted.storageGb * dedicatedGrowth,
        multiAz: database.multiAz,
      };
      return [wanted.name, createServer(`dedicated-${wanted.name}`, size, ofTenants)];
    }),
  );
  const proxy = createProxy(main, {
    config,
    keys,
    subnetIds: network.isolatedSubnetIds,
    securityGroupId: groups.proxy.id,
  });
  const servers = {
    main,
    ...(tenants !== main && { tenants }),
    ...prefixed('dedicated', dedicated),
  };
  rotatePasswords(servers, {
    config,
    keys,
    subnetIds: network.privateSubnetIds,
    securityGroupId: groups.rotation.id,
  });
  copyBackups(config, keys, servers);
  return {
    ...endpoint(main),
    identifier: main.instance.identifier,
    arn: main.instance.arn,
    proxyHost: proxy.host,
    replicaHosts: replicas.map(({ address }) => address),
    tenants: { ...endpoint(tenants), arn: tenants.instance.arn },
    dedicated: Object.fromEntries(
      Object.entries(dedicated).map(([name, server]) => [
        name,
        { ...endpoint(server), arn: server.instance.arn },
      ]),
    ),
    securityGroupId: groups.server.id,
    proxySecurityGroupId: groups.proxy.id,
  };
}

function endpoint(server: Server): Endpoint {
  return { host: server.host, port: postgresPort, database: databaseName, secretArn: server.secretArn };
}

function prefixed<T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}-${name}`, value]));
}

interface Groups {
  readonly server: aws.ec2.SecurityGroup;
  readonly proxy: aws.ec2.SecurityGroup;
  readonly rotation: aws.ec2.SecurityGroup;
}

/** Who may connect: pods, proxy and rotation to the servers, pods to the proxy; nobody else. */
function createGroups(config: PlatformConfig, network: Network, clients: Output<string>): Groups {
  const group = (name: string, description: string) =>
    new aws.ec2.SecurityGroup(name, {
      vpcId: network.vpcId,
      name: `${config.cellId}-${name}`,
      description,
      tags: { Name: `${config.cellId}-${name}` },
    });
  const server = group('database', 'PostgreSQL servers');
  const proxy = group('database-proxy', 'RDS Proxy');
  const rotation = group('database-rotation', 'Rotation of passwords');
  const postgres = { ipProtocol: 'tcp', fromPort: postgresPort, toPort: postgresPort };
  const allowIn = (name: string, to: aws.ec2.SecurityGroup, from: Output<string>) =>
    new aws.vpc.SecurityGroupIngressRule(name, {
      securityGroupId: to.id,
      referencedSecurityGroupId: from,
      ...postgres,
    });
  allowIn('database-from-pods', server, clients);
  allowIn('database-from-proxy', server, proxy.id);
  allowIn('database-from-rotation', server, rotation.id);
  allowIn('proxy-from-pods', proxy, clients);
  for (const [name, from] of Object.entries({ proxy, rotation })) {
    new aws.vpc.SecurityGroupEgressRule(`${name}-to-database`, {
      securityGroupId: from.id,
      referencedSecurityGroupId: server.id,
      ...postgres,
    });
  }
  new aws.vpc.SecurityGroupEgressRule('rotation-to-secrets', {
    securityGroupId: rotation.id,
    description: 'The interface endpoint of Secrets Manager',
    cidrIpv4: network.cidr,
    ipProtocol: 'tcp',
    fromPort: 443,
    toPort: 443,
  });
  return { server, proxy, rotation };
}

function createSurroundings(
  config: PlatformConfig,
  args: { network: Network; keys: Keys },
  group: aws.ec2.SecurityGroup,
): ServerSurroundings {
  const subnets = new aws.rds.SubnetGroup('database', {
    name: config.cellId,
    description: 'Isolated subnets in three zones',
    subnetIds: [...args.network.isolatedSubnetIds],
  });
  const monitoring = new aws.iam.Role('database-monitoring', {
    name: `${config.cellId}-database-monitoring`,
    description: 'RDS: enhanced monitoring',
    assumeRolePolicy: assumableByService('monitoring.rds.amazonaws.com'),
  });
  new aws.iam.RolePolicyAttachment('database-monitoring', {
    role: monitoring.name,
    policyArn: 'arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole',
  });
  return {
    config,
    keys: args.keys,
    subnetGroupName: subnets.name,
    parameterGroupName: createParameters(config, 'database', []),
    securityGroupId: group.id,
    monitoringRoleArn: interpolate`${monitoring.arn}`,
  };
}

/** @param name `database` for the settings that every server has */
function createParameters(
  config: PlatformConfig,
  name: 'database' | 'tenants',
  more: typeof parameters,
): Output<string> {
  const group = new aws.rds.ParameterGroup(name, {
    // The version is part of the name: a major upgrade needs the next group before it can leave this one.
    name: `${config.cellId}-${name === 'database' ? '' : `${name}-`}postgres${postgresVersion}`,
    family: `postgres${postgresVersion}`,
    description: 'TLS only, statements measured, slow ones logged without their values',
    parameters: [...parameters, ...more].map(({ name: parameter, value, atRestart }) => ({
      name: parameter,
      value,
      applyMethod: atRestart ? 'pending-reboot' : 'immediate',
    })),
  });
  return group.name;
}

/**
 * Snapshots and transaction logs in another region, minutes behind: Enterprise's RPO holds when this region is lost.
 */
function copyBackups(config: PlatformConfig, keys: Keys, servers: Readonly<Record<string, Server>>): void {
  const { replicaRegion } = config.storage;
  if (replicaRegion === undefined || keys.replica === undefined) return;
  for (const [name, { instance }] of Object.entries(servers)) {
    new aws.rds.InstanceAutomatedBackupsReplication(name, {
      region: replicaRegion,
      sourceDbInstanceArn: instance.arn,
      kmsKeyId: keys.replica.database.arn,
      retentionPeriod: platform.database.pointInTimeRecoveryDays,
    });
  }
}
