import type { Input } from '@pulumi/pulumi';
import type { Statement } from '../policies.ts';

/**
 * What Karpenter's controller may do, after the policy of its installation guide (karpenter.sh, CloudFormation
 * reference, v1): instances, volumes and launch templates only with this cluster's tags; no instance profiles, as we
 * provide ours.
 */
export function controllerStatements(args: {
  clusterName: string;
  region: string;
  clusterArn: Input<string>;
  nodeRoleArn: Input<string>;
  instanceProfileArn: Input<string>;
  queueArn: Input<string>;
}): Statement[] {
  const { clusterName, region } = args;
  const owned = `kubernetes.io/cluster/${clusterName}`;
  const ec2 = (...kinds: string[]) => kinds.map((kind) => `arn:aws:ec2:${region}:*:${kind}/*`);
  const started = ec2(
    'fleet',
    'instance',
    'volume',
    'network-interface',
    'launch-template',
    'spot-instances-request',
  );
  const requestTags = {
    StringEquals: {
      [`aws:RequestTag/${owned}`]: 'owned',
      'aws:RequestTag/eks:eks-cluster-name': clusterName,
    },
    StringLike: { 'aws:RequestTag/karpenter.sh/nodepool': '*' },
  };
  const resourceTags = {
    StringEquals: { [`aws:ResourceTag/${owned}`]: 'owned' },
    StringLike: { 'aws:ResourceTag/karpenter.sh/nodepool': '*' },
  };
  return [
    {
      Sid: 'StartFromWhatIsThere',
      Action: ['ec2:RunInstances', 'ec2:CreateFleet'],
      Resource: [
        `arn:aws:ec2:${region}::image/*`,
        `arn:aws:ec2:${region}::snapshot/*`,
        ...ec2('security-group', 'subnet', 'capacity-reservation'),
      ],
    },
    {
      Sid: 'StartFromOwnTemplates',
      Action: ['ec2:RunInstances', 'ec2:CreateFleet'],
      Resource: ec2('launch-template'),
      Condition: resourceTags,
    },
    {
      Sid: 'StartWithTags',
      Action: ['ec2:RunInstances', 'ec2:CreateFleet', 'ec2:CreateLaunchTemplate'],
      Resource: started,
      Condition: requestTags,
    },
    {
      Sid: 'TagWhatIsStarted',
      Action: 'ec2:CreateTags',
      Resource: started,
      Condition: {
        ...requestTags,
        StringEquals: {
          ...requestTags.StringEquals,
          'ec2:CreateAction': ['RunInstances', 'CreateFleet', 'CreateLaunchTemplate'],
        },
      },
    },
    {
      Sid: 'NameOwnInstances',
      Action: 'ec2:CreateTags',
      Resource: ec2('instance'),
      Condition: {
        ...resourceTags,
        StringEqualsIfExists: { 'aws:RequestTag/eks:eks-cluster-name': clusterName },
        'ForAllValues:StringEquals': {
          'aws:TagKeys': ['eks:eks-cluster-name', 'karpenter.sh/nodeclaim', 'Name'],
        },
      },
    },
    {
      Sid: 'EndOwn',
      Action: ['ec2:TerminateInstances', 'ec2:DeleteLaunchTemplate'],
      Resource: ec2('instance', 'launch-template'),
      Condition: resourceTags,
    },
    {
      // Descriptions cannot be limited to resources.
      Sid: 'Describe',
      Action: [
        'ec2:DescribeAvailabilityZones',
        'ec2:DescribeCapacityReservations',
        'ec2:DescribeImages',
        'ec2:DescribeInstances',
        'ec2:DescribeInstanceStatus',
        'ec2:DescribeInstanceTypeOfferings',
        'ec2:DescribeInstanceTypes',
        'ec2:DescribeLaunchTemplates',
        'ec2:DescribePlacementGroups',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSpotPriceHistory',
        'ec2:DescribeSubnets',
        'ec2:DescribeVpcs',
      ],
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': region } },
    },
    {
      Sid: 'FindImages',
      Action: 'ssm:GetParameter',
      Resource: `arn:aws:ssm:${region}::parameter/aws/service/*`,
    },
    { Sid: 'Prices', Action: 'pricing:GetProducts', Resource: '*' },
    {
      Sid: 'ReadInterruptions',
      Action: ['sqs:DeleteMessage', 'sqs:GetQueueUrl', 'sqs:ReceiveMessage'],
      Resource: args.queueArn,
    },
    {
      Sid: 'GiveNodesTheirRole',
      Action: 'iam:PassRole',
      Resource: args.nodeRoleArn,
      Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
    },
    { Sid: 'SeeProfile', Action: 'iam:GetInstanceProfile', Resource: args.instanceProfileArn },
    // Takes no resource: it looks through all profiles for those without an owner.
    { Sid: 'ListProfiles', Action: 'iam:ListInstanceProfiles', Resource: '*' },
    { Sid: 'FindCluster', Action: 'eks:DescribeCluster', Resource: args.clusterArn },
  ];
}
