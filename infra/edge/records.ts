/** Names in Route 53: the distribution's, the load balancer's, and the one that moves to another region. */
import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { type HostNames, originName } from './names.ts';
import { healthCheckPath } from './origin.ts';

/** Seconds that clients may go on using the old region after a failover. */
const failoverTtlSeconds = 60;

/** From where Route 53 checks: the fewest places it accepts, on three coasts. */
const checkers = ['us-east-1', 'us-west-2', 'eu-west-1'];

/** Makes the records. Returns the id of the health check of this region's API. */
export function createRecords(
  config: PlatformConfig,
  args: {
    names: HostNames;
    zoneId: Output<string>;
    distribution: aws.cloudfront.Distribution;
    loadBalancer: aws.lb.LoadBalancer;
  },
): { readonly healthCheckId: Output<string>; readonly publicRecord: aws.route53.Record } {
  const { names, zoneId, distribution, loadBalancer } = args;
  const record = (type: 'A' | 'AAAA') =>
    new aws.route53.Record(type === 'A' ? 'public' : 'public-ipv6', {
      zoneId,
      name: names.public,
      type,
      aliases: [
        { name: distribution.domainName, zoneId: distribution.hostedZoneId, evaluateTargetHealth: false },
      ],
    });
  const publicRecord = record('A');
  record('AAAA');
  new aws.route53.Record('origin', {
    zoneId,
    name: names.origin,
    type: 'A',
    aliases: [{ name: loadBalancer.dnsName, zoneId: loadBalancer.zoneId, evaluateTargetHealth: true }],
  });
  const check = new aws.route53.HealthCheck('origin', {
    type: 'HTTPS',
    fqdn: names.origin,
    port: 443,
    resourcePath: healthCheckPath,
    enableSni: true,
    requestInterval: config.environment === 'prod' ? 10 : 30,
    failureThreshold: 3,
    regions: checkers,
    tags: { Name: `${config.cellId} API` },
  });
  const { failover } = config.edge;
  if (config.primary && failover) {
    const target = (role: 'PRIMARY' | 'SECONDARY', to: string) =>
      new aws.route53.Record(`failover-${role.toLowerCase()}`, {
        zoneId,
        name: names.api,
        type: 'CNAME',
        ttl: failoverTtlSeconds,
        // A name rather than an alias, which Route 53 refuses until the other region's record exists.
        records: [to],
        setIdentifier: role.toLowerCase(),
        failoverRoutingPolicies: [{ type: role }],
        ...(role === 'PRIMARY' && { healthCheckId: check.id }),
      });
    target('PRIMARY', names.origin);
    target('SECONDARY', originName(config, failover.region));
  }
  return { healthCheckId: check.id, publicRecord };
}
