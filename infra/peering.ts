/** The way from a cell to the home cell: its workers and its API use the control plane's one database. */
import * as aws from '@pulumi/aws';
import { output } from '@pulumi/pulumi';
import type { PlatformConfig } from './config.ts';
import { postgresPort } from './database/instance.ts';
import type { Network } from './network.ts';

/**
 * Peers the network of a cell with the home network, and lets its private subnets reach the database proxy there;
 * nothing else is open between them. It finds everything about home by name, so that neither stack reads the other's
 * outputs; home must exist first.
 */
export async function createPeering(config: PlatformConfig, network: Network): Promise<void> {
  const { home } = config;
  if (home === undefined) return;
  const { region } = home;
  const proxy = await aws.rds.getProxy({ name: `${home.cellId}-main`, region });
  const connection = new aws.ec2.VpcPeeringConnection('home', {
    vpcId: network.vpcId,
    peerVpcId: proxy.vpcId,
    peerRegion: region,
    tags: { Name: `${config.cellId}-to-${home.cellId}` },
  });
  const accepted = new aws.ec2.VpcPeeringConnectionAccepter('home', {
    vpcPeeringConnectionId: connection.id,
    region,
    autoAccept: true,
    tags: { Name: `${config.cellId}-to-${home.cellId}` },
  });
  for (const [index, routeTableId] of network.routeTableIds.entries()) {
    new aws.ec2.Route(`home-${index + 1}`, {
      routeTableId,
      destinationCidrBlock: home.cidr,
      vpcPeeringConnectionId: accepted.id,
    });
  }
  const tables = await aws.ec2.getRouteTables({ vpcId: proxy.vpcId, region });
  for (const [index, routeTableId] of tables.ids.toSorted().entries()) {
    new aws.ec2.Route(`from-home-${index + 1}`, {
      region,
      routeTableId,
      destinationCidrBlock: network.cidr,
      vpcPeeringConnectionId: accepted.id,
    });
  }
  for (const [index, cidrIpv4] of network.privateCidrs.entries()) {
    new aws.vpc.SecurityGroupIngressRule(`home-database-${index + 1}`, {
      region,
      securityGroupId: output(proxy.vpcSecurityGroupIds[0] ?? ''),
      description: `PostgreSQL from ${config.cellId}`,
      cidrIpv4,
      ipProtocol: 'tcp',
      fromPort: postgresPort,
      toPort: postgresPort,
    });
  }
}
