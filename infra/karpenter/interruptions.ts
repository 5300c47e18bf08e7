/** Notices of nodes that AWS is about to take away, in a queue that Karpenter reads. */
import * as aws from '@pulumi/aws';
import { interpolate, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { policyDocument } from '../policies.ts';

/** Events that EventBridge delivers: by name, source and kind. */
export const interruptionEvents = {
  'spot-interruption': { source: 'aws.ec2', detailType: 'EC2 Spot Instance Interruption Warning' },
  rebalance: { source: 'aws.ec2', detailType: 'EC2 Instance Rebalance Recommendation' },
  'state-change': { source: 'aws.ec2', detailType: 'EC2 Instance State-change Notification' },
  'scheduled-change': { source: 'aws.health', detailType: 'AWS Health Event' },
} as const;

/** Makes the queue and the rules that fill it. */
export function createInterruptionQueue(
  config: Pick<PlatformConfig, 'cellId'>,
  clusterName: string,
): { readonly name: Output<string>; readonly arn: Output<string> } {
  const queue = new aws.sqs.Queue('interruptions', {
    name: `${clusterName}-interruptions`,
    // Older notices are useless: a spot node is gone two minutes after the warning.
    messageRetentionSeconds: 300,
    // EventBridge can write to it without our key; the messages name instances, nothing else.
    sqsManagedSseEnabled: true,
  });
  const rules = Object.entries(interruptionEvents).map(([name, { source, detailType }]) => {
    const rule = new aws.cloudwatch.EventRule(name, {
      name: `${config.cellId}-${name}`,
      description: detailType,
      eventPattern: JSON.stringify({ source: [source], 'detail-type': [detailType] }),
    });
    new aws.cloudwatch.EventTarget(name, { rule: rule.name, arn: queue.arn });
    return rule;
  });
  new aws.sqs.QueuePolicy('interruptions', {
    queueUrl: queue.id,
    policy: policyDocument(
      {
        Sid: 'EventsOfOurRules',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queue.arn,
        Condition: { ArnEquals: { 'aws:SourceArn': rules.map(({ arn }) => interpolate`${arn}`) } },
      },
      {
        Sid: 'DenyInsecureTransport',
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: queue.arn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ),
  });
  return { name: queue.name, arn: queue.arn };
}
