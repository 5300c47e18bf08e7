/** The way from the load balancer to the pods: AWS's controller keeps their addresses in the target group. */

import * as aws from '@pulumi/aws';
import * as k8s from '@pulumi/kubernetes';
import { interpolate, type Output } from '@pulumi/pulumi';
import { associatePods, createPodRole } from './cluster/pod-identity.ts';
import type { Cluster } from './cluster.ts';
import type { PlatformConfig } from './config.ts';
import { apiPort } from './control-plane/names.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Edge } from './edge.ts';
import { ontoControlPlane } from './karpenter/node-pools.ts';
import type { Statement } from './policies.ts';

/** AWS Load Balancer Controller; chart and program have the same version. */
export const controllerVersion = '3.5.0';

const namespace = 'kube-system';
const serviceAccount = 'aws-load-balancer-controller';

/**
 * What the controller may do: read, and add and remove addresses in the cell's target group. The program makes the
 * load balancers, so no Ingress and no Service can.
 */
export function controllerStatements(targetGroupArn: Output<string>): Statement[] {
  return [
    {
      Sid: 'Look',
      Action: [
        'ec2:DescribeAvailabilityZones',
        'ec2:DescribeInstances',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSubnets',
        'ec2:DescribeVpcs',
        'elasticloadbalancing:DescribeTargetGroups',
        'elasticloadbalancing:DescribeTargetHealth',
      ],
      Resource: '*',
    },
    {
      Sid: 'KeepAddresses',
      Action: ['elasticloadbalancing:RegisterTargets', 'elasticloadbalancing:DeregisterTargets'],
      Resource: targetGroupArn,
    },
  ];
}

/** Makes the controller and binds the API's pods to the load balancer. */
export function createIngress(
  config: PlatformConfig,
  args: { cluster: Cluster; edge: Edge; controlPlane: ControlPlane; vpcId: Output<string> },
): void {
  const { cluster, edge } = args;
  const { service } = args.controlPlane;
  const { targetGroupArn, securityGroupId } = edge.origin;
  new aws.vpc.SecurityGroupIngressRule('pods-from-load-balancer', {
    securityGroupId: cluster.securityGroupId,
    referencedSecurityGroupId: securityGroupId,
    ipProtocol: 'tcp',
    fromPort: apiPort,
    toPort: apiPort,
  });
  const role = createPodRole('load-balancer-controller', {
    config,
    description: 'AWS Load Balancer Controller: addresses of the API in its target group',
    permissions: { statements: controllerStatements(targetGroupArn) },
  });
  const association = associatePods('load-balancer-controller', {
    clusterName: cluster.name,
    namespace,
    serviceAccount,
    role,
  });
  const release = new k8s.helm.v3.Release(
    'load-balancer-controller',
    {
      name: 'aws-load-balancer-controller',
      chart: 'aws-load-balancer-controller',
      version: controllerVersion,
      repositoryOpts: { repo: 'https://aws.github.io/eks-charts' },
      namespace,
      atomic: true,
      values: {
        clusterName: cluster.name,
        region: config.region,
        vpcId: args.vpcId,
        serviceAccount: { create: true, name: serviceAccount },
        tolerations: ontoControlPlane,
        replicaCount: config.environment === 'dev' ? 1 : 2,
        // Bindings only: no classes that a tenant's object could name, no webhook on its Services.
        createIngressClassResource: false,
        enableServiceMutatorWebhook: false,
        enableShield: false,
        enableWaf: false,
        enableWafv2: false,
        podDisruptionBudget: { maxUnavailable: 1 },
        resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      },
    },
    { provider: cluster.provider, dependsOn: [association, ...cluster.ready] },
  );
  new k8s.apiextensions.CustomResource(
    'api-targets',
    {
      apiVersion: 'elbv2.k8s.aws/v1beta1',
      kind: 'TargetGroupBinding',
      metadata: { name: 'api', namespace: service.metadata.namespace },
      spec: {
        serviceRef: { name: service.metadata.name, port: 80 },
        targetGroupARN: interpolate`${targetGroupArn}`,
        targetType: 'ip',
      },
    },
    { provider: cluster.provider, dependsOn: [release, service] },
  );
}
