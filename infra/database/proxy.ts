/** RDS Proxy: many pods share few connections to the server, kept through a failover. */
import * as aws from '@pulumi/aws';
import { interpolate, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import { assumableByService, policyDocument } from '../policies.ts';
import type { Server } from './instance.ts';

export interface Proxy {
  readonly host: Output<string>;
}

/**
 * A proxy in front of a server, for its owner's connections. What needs a connection of its own (LISTEN, session
 * locks) goes to the server, and so do tenants: each has its own role, and a proxy knows at most 200.
 */
export function createProxy(
  server: Server,
  args: {
    config: PlatformConfig;
    keys: Keys;
    subnetIds: readonly Output<string>[];
    securityGroupId: Output<string>;
  },
): Proxy {
  const { config, keys } = args;
  const name = `${config.cellId}-main`;
  const role = new aws.iam.Role('database-proxy', {
    name: `${config.cellId}-database-proxy`,
    description: 'RDS Proxy: reads the credentials that it logs in with',
    assumeRolePolicy: assumableByService('rds.amazonaws.com'),
  });
  const policy = new aws.iam.RolePolicy('database-proxy', {
    role: role.name,
    policy: policyDocument(
      { Sid: 'ReadSecret', Action: 'secretsmanager:GetSecretValue', Resource: server.secretArn },
      {
        Sid: 'OpenSecret',
        Action: 'kms:Decrypt',
        Resource: keys.secrets.arn,
        Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${config.region}.amazonaws.com` } },
      },
    ),
  });
  const proxy = new aws.rds.Proxy(
    'database',
    {
      name,
      engineFamily: 'POSTGRESQL',
      requireTls: true,
      roleArn: role.arn,
      vpcSubnetIds: [...args.subnetIds],
      vpcSecurityGroupIds: [args.securityGroupId],
      // Seconds; longer than the control plane's pools keep idle connections.
      idleClientTimeout: 1_800,
      auths: [
        {
          authScheme: 'SECRETS',
          secretArn: server.secretArn,
          iamAuth: 'DISABLED',
          clientPasswordAuthType: 'POSTGRES_SCRAM_SHA_256',
          description: 'Owner of the database',
        },
      ],
    },
    { dependsOn: [policy] },
  );
  const targets = new aws.rds.ProxyDefaultTargetGroup('database', {
    dbProxyName: proxy.name,
    connectionPoolConfig: {
      // The rest is for connections that bypass the proxy.
      maxConnectionsPercent: 60,
      maxIdleConnectionsPercent: 20,
      connectionBorrowTimeout: 30,
    },
  });
  new aws.rds.ProxyTarget('database', {
    dbProxyName: proxy.name,
    targetGroupName: targets.name,
    dbInstanceIdentifier: server.instance.identifier,
  });
  return { host: interpolate`${proxy.endpoint}` };
}
