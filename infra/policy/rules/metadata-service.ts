/** IMDSv2: a pod cannot take its node's identity by asking the instance metadata service. */
import { argumentsAreKnown } from '../resource.ts';
import { all, mustBe, mustHave, type Rule, ruleByType, when } from '../rule.ts';

const sessionsOnly = (options: string) =>
  all(mustBe(`${options}.httpTokens`, 'required'), mustBe(`${options}.httpPutResponseHopLimit`, 1));

export const metadataServiceRules: readonly Rule[] = [
  ruleByType(
    {
      name: 'metadata-service-v2',
      concern: 'IMDSv2',
      description: 'Instance metadata answers sessions only, and no further than the node itself.',
    },
    {
      'aws:ec2/launchTemplate:LaunchTemplate': sessionsOnly('metadataOptions'),
      'aws:ec2/instance:Instance': sessionsOnly('metadataOptions'),
      'kubernetes:karpenter.k8s.aws/v1:EC2NodeClass': sessionsOnly('spec.metadataOptions'),
      // A group with its own template is judged by that template.
      'aws:eks/nodeGroup:NodeGroup': mustHave('launchTemplate', 'a launch template with metadataOptions'),
      'eks:index:ManagedNodeGroup': when(
        argumentsAreKnown,
        mustHave('launchTemplate', 'a launch template with metadataOptions'),
      ),
      'aws:ec2/launchConfiguration:LaunchConfiguration': sessionsOnly('metadataOptions'),
    },
  ),
];
