/** The cell's Redis: ElastiCache with Valkey, the open fork that Redis clients use unchanged. */
import * as aws from '@pulumi/aws';
import { interpolate, jsonStringify, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random';
import type { PlatformConfig } from './config.ts';
import type { Keys } from './keys.ts';
import { logRetentionDays } from './log-retention.ts';
import type { Network } from './network.ts';
import { createSecret } from './secrets.ts';

export const cacheEngine = { engine: 'valkey', version: '8.1', family: 'valkey8' } as const;
const port = 6379;
const userName = 'tenantry';

/**
 * What the platform's user may do: everything on keys and channels with its own prefix, except operators' commands.
 * (ACL syntax of Valkey.)
 */
export const accessString = 'on ~tenantry:* &tenantry:* +@all -@admin -@dangerous +info';

export interface Cache {
  readonly host: Output<string>;
  readonly readerHost: Output<string>;
  readonly port: number;
  /** `{"url": "rediss://…", "username", "password", "host", "port"}`. */
  readonly secretArn: Output<string>;
  readonly securityGroupId: Output<string>;
}

/** Failover needs a second node, in a second zone. */
export function cacheAvailability(replicas: number) {
  return {
    numCacheClusters: replicas + 1,
    automaticFailoverEnabled: replicas > 0,
    multiAzEnabled: replicas > 0,
  };
}

/**
 * Makes the cell's cache.
 * @param args.clientSecurityGroupId group of the nodes, whose pods may connect
 */
export function createCache(
  config: PlatformConfig,
  args: { network: Network; keys: Keys; clientSecurityGroupId: Output<string> },
): Cache {
  const { network, keys } = args;
  const name = `${config.cellId}-cache`;
  const group = new aws.ec2.SecurityGroup('cache', {
    vpcId: network.vpcId,
    name,
    description: 'Redis: pods only',
    tags: { Name: name },
  });
  new aws.vpc.SecurityGroupIngressRule('cache-from-pods', {
    securityGroupId: group.id,
    referencedSecurityGroupId: args.clientSecurityGroupId,
    ipProtocol: 'tcp',
    fromPort: port,
    toPort: port,
  });
  const password = new RandomPassword('cache', { length: 64, special: false });
  const logs = (log: string) => ({
    destination: new aws.cloudwatch.LogGroup(`cache-${log}`, {
      name: `/tenantry/${config.cellId}/cache/${log}`,
      kmsKeyId: keys.logs.arn,
      retentionInDays: logRetentionDays(config.monitoring.retentionDays),
    }).name,
    destinationType: 'cloudwatch-logs',
    logFormat: 'json',
    logType: log,
  });
  const cache = new aws.elasticache.ReplicationGroup('cache', {
    replicationGroupId: name,
    description: `Redis of ${config.cellId}`,
    engine: cacheEngine.engine,
    engineVersion: cacheEngine.version,
    nodeType: config.cache.nodeType,
    ...cacheAvailability(config.cache.replicas),
    port,
    parameterGroupName: parameterGroup(config).name,
    subnetGroupName: new aws.elasticache.SubnetGroup('cache', {
      name,
      description: 'Isolated subnets in three zones',
      subnetIds: [...network.isolatedSubnetIds],
    }).name,
    securityGroupIds: [group.id],
    atRestEncryptionEnabled: true,
    kmsKeyId: keys.cache.arn,
    transitEncryptionEnabled: true,
    transitEncryptionMode: 'required',
    userGroupIds: [users(config, password.result).userGroupId],
    snapshotRetentionLimit: config.environment === 'prod' ? 7 : 1,
    snapshotWindow: '03:00-04:00',
    maintenanceWindow: 'sun:04:30-sun:05:30',
    autoMinorVersionUpgrade: true,
    applyImmediately: config.environment === 'dev',
    ...(config.environment !== 'dev' && { finalSnapshotIdentifier: `${name}-final` }),
    logDeliveryConfigurations: [logs('slow-log'), logs('engine-log')],
  });
  const host = cache.primaryEndpointAddress;
  const secret = createSecret('cache', {
    config,
    keys,
    description: 'Redis: address and credentials',
    value: jsonStringify({
      url: interpolate`rediss://${userName}:${password.result}@${host}:${port}`,
      username: userName,
      password: password.result,
      host,
      port,
    }),
  });
  return {
    host,
    readerHost: cache.readerEndpointAddress,
    port,
    secretArn: secret.arn,
    securityGroupId: group.id,
  };
}

function parameterGroup(config: PlatformConfig): aws.elasticache.ParameterGroup {
  return new aws.elasticache.ParameterGroup('cache', {
    name: `${config.cellId}-${cacheEngine.family}`,
    family: cacheEngine.family,
    description: 'Keys with an expiry make room for new ones',
    parameters: [{ name: 'maxmemory-policy', value: 'volatile-lru' }],
  });
}

/** The only user; Valkey needs no `default` one, so nobody gets in without a name. */
function users(config: PlatformConfig, password: Output<string>): aws.elasticache.UserGroup {
  const user = new aws.elasticache.User('cache', {
    userId: `${config.cellId}-${userName}`,
    userName,
    engine: cacheEngine.engine,
    accessString,
    authenticationMode: { type: 'password', passwords: [password] },
  });
  return new aws.elasticache.UserGroup('cache', {
    userGroupId: `${config.cellId}-cache`,
    engine: cacheEngine.engine,
    userIds: [user.userId],
  });
}
