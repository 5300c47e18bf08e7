/** The load balancer of a region: takes requests of CloudFront and health checks, and sends them to the API's pods. */
import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { apiPort } from '../control-plane/names.ts';
import type { Keys } from '../keys.ts';
import type { Network } from '../network.ts';
import { homeSecret } from '../secrets.ts';
import { loadBalancerLogs, type Storage } from '../storage.ts';

/** Path of the API that says whether it can serve. */
const readinessPath = '/readyz';
/**
 * What health checks ask for: a service without worker, cluster or Stripe still accepts events and answers tenants,
 * and must not lose its requests to a region that can do no better.
 */
export const healthCheckPath = `${readinessPath}?exclude=worker&exclude=stripe`;
/** Header by which CloudFront proves to the load balancer that it is ours. */
export const originHeader = 'X-Tenantry-Origin';

/**
 * Seconds without a byte before a connection ends: as long as CloudFront keeps a WebSocket. (CloudFront developer
 * guide, quotas on WebSocket connections, 2026-11.)
 */
const idleTimeoutSeconds = 600;

export interface Origin {
  readonly loadBalancer: aws.lb.LoadBalancer;
  readonly targetGroupArn: Output<string>;
  readonly securityGroupId: Output<string>;
  /** Value of `originHeader`; secret. */
  readonly proof: Output<string>;
}

/** Makes the load balancer with a TLS listener only. It refuses whatever lacks the header, except health checks. */
export function createOrigin(
  config: PlatformConfig,
  args: { network: Network; keys: Keys; storage: Storage; certificateArn: Output<string> },
): Origin {
  const { network, storage } = args;
  const fromCloudFront = allowPrefixList(config, network, 'cloudfront', {
    list: 'com.amazonaws.global.cloudfront.origin-facing',
    description: 'Load balancer: requests of CloudFront',
  });
  // In a group of its own: both lists together exceed the limit of one group.
  const fromHealthChecks = allowPrefixList(config, network, 'health-checks', {
    list: `com.amazonaws.${config.region}.route53-healthchecks`,
    description: 'Load balancer: health checks of Route 53',
  });
  const toPods = new aws.ec2.SecurityGroup('load-balancer', {
    vpcId: network.vpcId,
    name: `${config.cellId}-load-balancer`,
    description: 'Load balancer: to the pods of the API',
    egress: [{ protocol: 'tcp', fromPort: apiPort, toPort: apiPort, cidrBlocks: [...network.privateCidrs] }],
    tags: { Name: `${config.cellId}-load-balancer` },
  });
  const loadBalancer = new aws.lb.LoadBalancer(
    'origin',
    {
      name: `${config.cellId}-origin`,
      loadBalancerType: 'application',
      internal: false,
      subnets: [...network.publicSubnetIds],
      securityGroups: [fromCloudFront.id, fromHealthChecks.id, toPods.id],
      dropInvalidHeaderFields: true,
      desyncMitigationMode: 'strictest',
      idleTimeout: idleTimeoutSeconds,
      enableDeletionProtection: config.environment === 'prod',
      accessLogs: { enabled: true, bucket: storage.accessLogs.name, prefix: loadBalancerLogs },
    },
    { dependsOn: [storage.accessLogs.policy] },
  );
  const targets = new aws.lb.TargetGroup('api', {
    name: `${config.cellId}-api`,
    vpcId: network.vpcId,
    targetType: 'ip',
    protocol: 'HTTP',
    port: apiPort,
    // Seconds for a stopping pod to finish its answers.
    deregistrationDelay: 30,
    healthCheck: { path: healthCheckPath, matcher: '200', interval: 10, timeout: 5, unhealthyThreshold: 3 },
  });
  // One for all regions: the load balancer of another region takes over requests of the home distribution.
  const proof = homeSecret('origin', {
    config,
    keys: args.keys,
    description: 'Header by which load balancers know CloudFront',
  });
  listen(loadBalancer, targets, { certificateArn: args.certificateArn, proof });
  return { loadBalancer, targetGroupArn: targets.arn, securityGroupId: toPods.id, proof };
}

function listen(
  loadBalancer: aws.lb.LoadBalancer,
  targets: aws.lb.TargetGroup,
  args: { certificateArn: Output<string>; proof: Output<string> },
): void {
  const listener = new aws.lb.Listener('origin', {
    loadBalancerArn: loadBalancer.arn,
    port: 443,
    protocol: 'HTTPS',
    sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    certificateArn: args.certificateArn,
    defaultActions: [
      {
        type: 'fixed-response',
        fixedResponse: { statusCode: '403', contentType: 'text/plain', messageBody: 'Not here.' },
      },
    ],
  });
  const forward = [{ type: 'forward', targetGroupArn: targets.arn }];
  const proven = { httpHeader: { httpHeaderName: originHeader, values: [args.proof] } };
  new aws.lb.ListenerRule('readiness', {
    listenerArn: listener.arn,
    priority: 10,
    conditions: [{ pathPattern: { values: [readinessPath] } }],
    actions: forward,
  });
  new aws.lb.ListenerRule('api', {
    listenerArn: listener.arn,
    priority: 20,
    conditions: [proven, { pathPattern: { values: ['/api/*'] } }],
    // The API does not know the prefix.
    transforms: [
      { type: 'url-rewrite', urlRewriteConfig: { rewrite: { regex: '^/api/(.*)$', replace: '/$1' } } },
    ],
    actions: forward,
  });
  new aws.lb.ListenerRule('rest', {
    listenerArn: listener.arn,
    priority: 30,
    conditions: [proven],
    actions: forward,
  });
}

function allowPrefixList(
  config: PlatformConfig,
  network: Network,
  name: string,
  args: { list: string; description: string },
): aws.ec2.SecurityGroup {
  const listId = aws.ec2.getManagedPrefixListOutput({ name: args.list }).id;
  return new aws.ec2.SecurityGroup(`load-balancer-${name}`, {
    vpcId: network.vpcId,
    name: `${config.cellId}-load-balancer-${name}`,
    description: args.description,
    ingress: [{ protocol: 'tcp', fromPort: 443, toPort: 443, prefixListIds: [listId] }],
    tags: { Name: `${config.cellId}-load-balancer-${name}` },
  });
}
