/** Cases of permissions, in AWS and in the cluster, and of objects of the cluster that keep data or take requests. */
import { awsCase, everybody, everything, kubernetesCase, policy, type TypeCase } from './cases.ts';

const bounded = policy(
  { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::prod-assets/*' },
  { Effect: 'Allow', Action: ['ec2:Describe*', 'ecr:GetAuthorizationToken'], Resource: '*' },
  {
    Effect: 'Allow',
    Action: 'ec2:TerminateInstances',
    Resource: '*',
    Condition: { StringEquals: { 'aws:ResourceTag/karpenter.sh/nodepool': 'tenants' } },
  },
  { Effect: 'Deny', Action: '*', Resource: '*' },
);

/** Documents that are too wide, each in its own way. */
const tooWide = [
  everything,
  policy({ Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::prod-assets/*' }),
  policy({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }),
  policy({ Effect: 'Allow', Action: 'ec2:TerminateInstances', Resource: '*' }),
  policy({ Effect: 'Allow', Action: 'iam:PassRole', Resource: ['arn:aws:iam::111122223333:*'] }),
  policy({ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: '*' }),
  policy({ Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::*' }),
  policy({
    Effect: 'Allow',
    Action: 'sqs:DeleteMessage',
    Resource: '*',
    Condition: { Bool: { 'aws:SecureTransport': 'true' } },
  }),
];
const tooWideAt = (path: string) => tooWide.map((document) => [path, document] as const);

const forPods = policy({
  Effect: 'Allow',
  Principal: { Service: 'pods.eks.amazonaws.com' },
  Action: ['sts:AssumeRole', 'sts:TagSession'],
});

/** Documents of resources that are open to everybody, each in its own way. */
const openAt = (path: string) =>
  [
    everybody,
    policy({ Effect: 'Allow', Principal: { AWS: ['*'] }, Action: 'sts:AssumeRole' }),
    policy({
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: 'sqs:SendMessage',
      Condition: { Bool: { 'aws:SecureTransport': 'true' } },
    }),
  ].map((document) => [path, document] as const);

const ownAccount = policy(
  { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'kms:*', Resource: '*' },
  {
    Effect: 'Allow',
    Principal: '*',
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: { StringEquals: { 'kms:CallerAccount': '111122223333' } },
  },
);

const managed = (path: string): TypeCase['breaks'] => ({
  'least-privilege': [
    [path, 'arn:aws:iam::aws:policy/AdministratorAccess'],
    [path, 'arn:aws:iam::aws:policy/AmazonS3FullAccess'],
  ],
});
const workerPolicy = 'arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy';

const clusterRules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];
const wildcards: TypeCase['breaks'] = {
  'no-cluster-wildcards': [
    ['rules/0/verbs', ['*']],
    ['rules/0/resources', ['*']],
    ['rules/0/apiGroups', ['*']],
  ],
};
const binding = { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } };
const clusterAdmin: TypeCase['breaks'] = { 'no-cluster-wildcards': [['roleRef/name', 'cluster-admin']] };

export const accessCases: readonly TypeCase[] = [
  awsCase('aws:iam/policy:Policy', { policy: bounded }, { 'least-privilege': tooWideAt('policy') }),
  awsCase('aws:iam/rolePolicy:RolePolicy', { policy: bounded }, { 'least-privilege': tooWideAt('policy') }),
  awsCase('aws:iam/userPolicy:UserPolicy', { policy: bounded }, { 'least-privilege': tooWideAt('policy') }),
  awsCase('aws:iam/groupPolicy:GroupPolicy', { policy: bounded }, { 'least-privilege': tooWideAt('policy') }),
  awsCase(
    'aws:iam/role:Role',
    { assumeRolePolicy: forPods, inlinePolicies: [{ policy: bounded }], managedPolicyArns: [workerPolicy] },
    {
      'least-privilege': [
        ...tooWideAt('inlinePolicies/0/policy'),
        ['managedPolicyArns', ['arn:aws:iam::aws:policy/PowerUserAccess']],
      ],
      'closed-to-strangers': openAt('assumeRolePolicy'),
    },
  ),
  awsCase(
    'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
    { policyArn: workerPolicy },
    managed('policyArn'),
  ),
  awsCase('aws:iam/policyAttachment:PolicyAttachment', { policyArn: workerPolicy }, managed('policyArn')),
  awsCase(
    'aws:iam/userPolicyAttachment:UserPolicyAttachment',
    { policyArn: workerPolicy },
    managed('policyArn'),
  ),
  awsCase(
    'aws:iam/groupPolicyAttachment:GroupPolicyAttachment',
    { policyArn: workerPolicy },
    managed('policyArn'),
  ),
  awsCase(
    'aws:s3/bucketPolicy:BucketPolicy',
    { policy: ownAccount },
    { 'closed-to-strangers': openAt('policy') },
  ),
  awsCase(
    'aws:kms/replicaKey:ReplicaKey',
    { policy: ownAccount },
    { 'closed-to-strangers': openAt('policy') },
  ),
  awsCase('aws:kms/keyPolicy:KeyPolicy', { policy: ownAccount }, { 'closed-to-strangers': openAt('policy') }),
  awsCase(
    'aws:sqs/queuePolicy:QueuePolicy',
    { policy: ownAccount },
    { 'closed-to-strangers': openAt('policy') },
  ),
  awsCase(
    'aws:sns/topicPolicy:TopicPolicy',
    { policy: ownAccount },
    { 'closed-to-strangers': openAt('policy') },
  ),
  awsCase(
    'aws:secretsmanager/secretPolicy:SecretPolicy',
    { policy: ownAccount },
    { 'closed-to-strangers': openAt('policy') },
  ),
  awsCase(
    'aws:ecr/repositoryPolicy:RepositoryPolicy',
    { policy: ownAccount },
    { 'closed-to-strangers': openAt('policy') },
  ),
  awsCase(
    'aws:ec2/vpcEndpoint:VpcEndpoint',
    { policy: ownAccount },
    { 'closed-to-strangers': openAt('policy') },
  ),
  awsCase(
    'aws:lambda/permission:Permission',
    { principal: 'events.amazonaws.com' },
    { 'closed-to-strangers': [['principal', '*']] },
  ),
  kubernetesCase(
    'core/v1:Namespace',
    { metadata: { name: 'monitoring', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
    {
      'namespace-has-level': [
        ['metadata/labels', undefined],
        ['metadata/labels/pod-security.kubernetes.io~1enforce', 'none'],
      ],
    },
  ),
  kubernetesCase('rbac.authorization.k8s.io/v1:Role', { rules: clusterRules }, wildcards),
  kubernetesCase('rbac.authorization.k8s.io/v1:ClusterRole', { rules: clusterRules }, wildcards),
  kubernetesCase('rbac.authorization.k8s.io/v1:RoleBinding', binding, clusterAdmin),
  kubernetesCase('rbac.authorization.k8s.io/v1:ClusterRoleBinding', binding, clusterAdmin),
  kubernetesCase(
    'storage.k8s.io/v1:StorageClass',
    {
      provisioner: 'ebs.csi.aws.com',
      parameters: { type: 'gp3', encrypted: 'true', kmsKeyId: 'arn:aws:kms:…' },
    },
    {
      'storage-encrypted': [
        ['parameters/encrypted', undefined],
        ['parameters/kmsKeyId', undefined],
      ],
    },
  ),
  kubernetesCase(
    'karpenter.k8s.aws/v1:EC2NodeClass',
    {
      spec: {
        blockDeviceMappings: [{ ebs: { encrypted: true, kmsKeyID: 'arn:aws:kms:…' } }],
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
      },
    },
    {
      'storage-encrypted': [
        ['spec/blockDeviceMappings', undefined],
        ['spec/blockDeviceMappings/0/ebs/encrypted', false],
        ['spec/blockDeviceMappings/0/ebs/kmsKeyID', undefined],
      ],
      'metadata-service-v2': [
        ['spec/metadataOptions', undefined],
        ['spec/metadataOptions/httpTokens', 'optional'],
        ['spec/metadataOptions/httpPutResponseHopLimit', 2],
      ],
    },
  ),
  kubernetesCase(
    'networking.k8s.io/v1:Ingress',
    { metadata: { annotations: { 'alb.ingress.kubernetes.io/listen-ports': '[{"HTTPS":443}]' } } },
    {
      'transport-encrypted': [
        ['metadata/annotations', undefined],
        ['metadata/annotations', { 'alb.ingress.kubernetes.io/listen-ports': '[{"HTTP":80},{"HTTPS":443}]' }],
      ],
    },
  ),
  kubernetesCase(
    'core/v1:Service',
    { spec: { type: 'LoadBalancer', ports: [{ port: 443, targetPort: 'https' }] } },
    { 'transport-encrypted': [['spec/ports/0/port', 80]] },
  ),
];
