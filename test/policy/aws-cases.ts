/** Cases of AWS: stores, the network, the edge. */
import { awsCase, changed, everybody, type TypeCase } from './cases.ts';

const key = 'arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c';
const certificate = 'arn:aws:acm:us-east-1:111122223333:certificate/0f1e2d3c';

const listener = {
  loadBalancerArn: 'arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/api/1',
  protocol: 'HTTPS',
  sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
  defaultActions: [{ type: 'forward', targetGroupArn: 'arn:aws:elasticloadbalancing:…:targetgroup/api/1' }],
};
const listenerBreaks: TypeCase['breaks'] = {
  'transport-encrypted': [
    ['protocol', 'HTTP'],
    ['protocol', 'TCP'],
    ['sslPolicy', 'ELBSecurityPolicy-2016-08'],
    ['sslPolicy', undefined],
  ],
};

const metadataOptions = { httpTokens: 'required', httpPutResponseHopLimit: 1 } as const;
const metadataBreaks: TypeCase['breaks'][string] = [
  ['metadataOptions/httpTokens', 'optional'],
  ['metadataOptions/httpPutResponseHopLimit', 2],
  ['metadataOptions', undefined],
];

export const awsCases: readonly TypeCase[] = [
  awsCase(
    'aws:rds/instance:Instance',
    {
      instanceClass: 'db.r8g.xlarge',
      storageEncrypted: true,
      kmsKeyId: key,
      publiclyAccessible: false,
      parameterGroupName: 'prod-us-east-1',
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: 'prod-us-east-1-final',
      deleteAutomatedBackups: false,
      backupRetentionPeriod: 35,
      multiAz: true,
    },
    {
      'storage-encrypted': [
        ['storageEncrypted', false],
        ['storageEncrypted', undefined],
        ['kmsKeyId', undefined],
      ],
      'data-not-public': [['publiclyAccessible', true]],
      'transport-encrypted': [['parameterGroupName', undefined]],
      'deletion-protected': [
        ['deletionProtection', false],
        ['skipFinalSnapshot', true],
        ['finalSnapshotIdentifier', undefined],
        ['deleteAutomatedBackups', true],
      ],
      'backed-up': [
        ['backupRetentionPeriod', 7],
        ['multiAz', false],
      ],
    },
  ),
  awsCase(
    'aws:rds/cluster:Cluster',
    {
      engine: 'aurora-postgresql',
      storageEncrypted: true,
      kmsKeyId: key,
      deletionProtection: true,
      backupRetentionPeriod: 35,
    },
    {
      'storage-encrypted': [
        ['storageEncrypted', false],
        ['kmsKeyId', undefined],
      ],
      'deletion-protected': [
        ['deletionProtection', undefined],
        ['skipFinalSnapshot', true],
      ],
      'backed-up': [['backupRetentionPeriod', 1]],
    },
  ),
  awsCase(
    'aws:rds/clusterInstance:ClusterInstance',
    { publiclyAccessible: false },
    { 'data-not-public': [['publiclyAccessible', true]] },
  ),
  ...(
    ['aws:rds/parameterGroup:ParameterGroup', 'aws:rds/clusterParameterGroup:ClusterParameterGroup'] as const
  ).map((type) =>
    awsCase(
      type,
      { family: 'postgres17', parameters: [{ name: 'rds.force_ssl', value: '1' }] },
      {
        'transport-encrypted': [
          ['parameters/0/value', '0'],
          ['parameters', []],
        ],
      },
    ),
  ),
  awsCase('aws:rds/proxy:Proxy', { requireTls: true }, { 'transport-encrypted': [['requireTls', false]] }),
  awsCase(
    'aws:elasticache/replicationGroup:ReplicationGroup',
    {
      atRestEncryptionEnabled: true,
      kmsKeyId: key,
      transitEncryptionEnabled: true,
      transitEncryptionMode: 'required',
      finalSnapshotIdentifier: 'prod-us-east-1-final',
      snapshotRetentionLimit: 7,
      automaticFailoverEnabled: true,
      multiAzEnabled: true,
    },
    {
      'storage-encrypted': [
        ['atRestEncryptionEnabled', false],
        ['kmsKeyId', undefined],
      ],
      'transport-encrypted': [
        ['transitEncryptionEnabled', false],
        ['transitEncryptionMode', 'preferred'],
      ],
      'deletion-protected': [['finalSnapshotIdentifier', undefined]],
      'backed-up': [
        ['snapshotRetentionLimit', 0],
        ['automaticFailoverEnabled', false],
        ['multiAzEnabled', false],
      ],
    },
  ),
  awsCase(
    'aws:elasticache/serverlessCache:ServerlessCache',
    { kmsKeyId: key },
    { 'storage-encrypted': [['kmsKeyId', undefined]] },
  ),
  awsCase(
    'aws:dynamodb/table:Table',
    {
      serverSideEncryption: { enabled: true, kmsKeyArn: key },
      deletionProtectionEnabled: true,
      pointInTimeRecovery: { enabled: true },
    },
    {
      'storage-encrypted': [
        ['serverSideEncryption', undefined],
        ['serverSideEncryption/kmsKeyArn', undefined],
      ],
      'deletion-protected': [['deletionProtectionEnabled', false]],
      'backed-up': [['pointInTimeRecovery/enabled', false]],
    },
  ),
  ...(['aws:efs/fileSystem:FileSystem', 'aws:ebs/volume:Volume'] as const).map((type) =>
    awsCase(
      type,
      { encrypted: true, kmsKeyId: key },
      {
        'storage-encrypted': [
          ['encrypted', false],
          ['kmsKeyId', undefined],
        ],
      },
    ),
  ),
  awsCase(
    'aws:ec2/instance:Instance',
    {
      rootBlockDevice: { encrypted: true },
      ebsBlockDevices: [{ deviceName: 'b', encrypted: true }],
      metadataOptions,
    },
    {
      'storage-encrypted': [
        ['rootBlockDevice', undefined],
        ['ebsBlockDevices/0/encrypted', false],
      ],
      'metadata-service-v2': metadataBreaks,
    },
  ),
  awsCase(
    'aws:ec2/launchTemplate:LaunchTemplate',
    { blockDeviceMappings: [{ ebs: { encrypted: 'true', kmsKeyId: key } }], metadataOptions },
    {
      'storage-encrypted': [
        ['blockDeviceMappings/0/ebs/encrypted', 'false'],
        ['blockDeviceMappings/0/ebs/kmsKeyId', undefined],
      ],
      'metadata-service-v2': metadataBreaks,
    },
  ),
  awsCase(
    'aws:ec2/launchConfiguration:LaunchConfiguration',
    { metadataOptions },
    { 'metadata-service-v2': metadataBreaks },
  ),
  awsCase(
    'aws:ec2/securityGroup:SecurityGroup',
    {
      ingress: [
        { protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: ['0.0.0.0/0'], ipv6CidrBlocks: ['::/0'] },
        { protocol: 'tcp', fromPort: 5432, toPort: 5432, cidrBlocks: ['10.0.0.0/8'] },
      ],
    },
    {
      'data-not-public': [
        ['ingress/1/cidrBlocks', ['0.0.0.0/0']],
        ['ingress/1/ipv6CidrBlocks', ['::/0']],
        ['ingress/0/toPort', 65_535],
        ['ingress/0/protocol', '-1'],
      ],
    },
  ),
  awsCase(
    'aws:ec2/securityGroupRule:SecurityGroupRule',
    { type: 'ingress', protocol: 'tcp', fromPort: 6379, toPort: 6379, cidrBlocks: ['10.0.0.0/8'] },
    { 'data-not-public': [['cidrBlocks', ['0.0.0.0/0']]] },
  ),
  awsCase(
    'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
    { ipProtocol: 'tcp', fromPort: 5432, toPort: 5432, cidrIpv4: '10.64.0.0/16' },
    {
      'data-not-public': [
        ['cidrIpv4', '0.0.0.0/0'],
        ['cidrIpv6', '::/0'],
      ],
    },
  ),
  awsCase(
    'aws:sqs/queue:Queue',
    { kmsMasterKeyId: key },
    { 'storage-encrypted': [['kmsMasterKeyId', undefined]], 'closed-to-strangers': [['policy', everybody]] },
  ),
  awsCase(
    'aws:sns/topic:Topic',
    { kmsMasterKeyId: key },
    { 'storage-encrypted': [['kmsMasterKeyId', undefined]], 'closed-to-strangers': [['policy', everybody]] },
  ),
  awsCase(
    'aws:sns/topicSubscription:TopicSubscription',
    { protocol: 'https' },
    { 'transport-encrypted': [['protocol', 'http']] },
  ),
  awsCase(
    'aws:secretsmanager/secret:Secret',
    { kmsKeyId: key, recoveryWindowInDays: 30 },
    {
      'storage-encrypted': [['kmsKeyId', undefined]],
      'deletion-protected': [['recoveryWindowInDays', 0]],
      'closed-to-strangers': [['policy', everybody]],
    },
  ),
  awsCase(
    'aws:cloudwatch/logGroup:LogGroup',
    { kmsKeyId: key },
    { 'storage-encrypted': [['kmsKeyId', undefined]] },
  ),
  awsCase('aws:backup/vault:Vault', { kmsKeyArn: key }, { 'storage-encrypted': [['kmsKeyArn', undefined]] }),
  awsCase(
    'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication',
    { kmsKeyId: key, retentionPeriod: 35 },
    { 'storage-encrypted': [['kmsKeyId', undefined]], 'backed-up': [['retentionPeriod', 7]] },
  ),
  awsCase(
    'aws:amp/workspace:Workspace',
    { kmsKeyArn: key },
    { 'storage-encrypted': [['kmsKeyArn', undefined]] },
  ),
  awsCase(
    'aws:lambda/functionUrl:FunctionUrl',
    { authorizationType: 'AWS_IAM' },
    { 'data-not-public': [['authorizationType', 'NONE']] },
  ),
  awsCase(
    'aws:ecr/repository:Repository',
    { encryptionConfigurations: [{ encryptionType: 'KMS', kmsKey: key }] },
    {
      'storage-encrypted': [
        ['encryptionConfigurations', undefined],
        ['encryptionConfigurations/0/encryptionType', 'AES256'],
      ],
      'deletion-protected': [['forceDelete', true]],
    },
  ),
  awsCase(
    'aws:kms/key:Key',
    { enableKeyRotation: true, deletionWindowInDays: 30 },
    {
      'storage-encrypted': [['enableKeyRotation', false]],
      'deletion-protected': [['deletionWindowInDays', 7]],
      'closed-to-strangers': [['policy', everybody]],
    },
  ),
  awsCase(
    'aws:eks/cluster:Cluster',
    {
      encryptionConfig: { resources: ['secrets'], provider: { keyArn: key } },
      vpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ['203.0.113.0/24'], subnetIds: [] },
      deletionProtection: true,
    },
    {
      'storage-encrypted': [
        ['encryptionConfig', undefined],
        ['encryptionConfig/provider/keyArn', undefined],
      ],
      'data-not-public': [
        ['vpcConfig/publicAccessCidrs', ['0.0.0.0/0']],
        ['vpcConfig/publicAccessCidrs', undefined],
      ],
      'deletion-protected': [['deletionProtection', undefined]],
    },
  ),
  awsCase(
    'aws:eks/nodeGroup:NodeGroup',
    { launchTemplate: { id: 'lt-0example', version: '1' } },
    { 'metadata-service-v2': [['launchTemplate', undefined]] },
  ),
  awsCase(
    'eks:index:Cluster',
    { vpcId: 'vpc-0', encryptionConfigKeyArn: key, endpointPublicAccess: false, deletionProtection: true },
    {
      'storage-encrypted': [['encryptionConfigKeyArn', undefined]],
      'data-not-public': [
        ['endpointPublicAccess', true],
        ['endpointPublicAccess', undefined],
      ],
      'deletion-protected': [['deletionProtection', false]],
    },
  ),
  awsCase(
    'eks:index:ManagedNodeGroup',
    { cluster: {} as never, launchTemplate: { id: 'lt-0example', version: '1' } },
    { 'metadata-service-v2': [['launchTemplate', undefined]] },
  ),
  awsCase(
    'aws:cognito/userPool:UserPool',
    { deletionProtection: 'ACTIVE' },
    { 'deletion-protected': [['deletionProtection', 'INACTIVE']] },
  ),
  awsCase(
    'aws:lb/loadBalancer:LoadBalancer',
    { enableDeletionProtection: true },
    { 'deletion-protected': [['enableDeletionProtection', undefined]] },
  ),
  awsCase('aws:lb/listener:Listener', listener, listenerBreaks),
  awsCase('aws:alb/listener:Listener', listener, listenerBreaks),
  awsCase(
    'aws:route53/healthCheck:HealthCheck',
    { type: 'HTTPS' },
    { 'transport-encrypted': [['type', 'HTTP']] },
  ),
  awsCase(
    'aws:s3/bucket:Bucket',
    { acl: 'private' },
    { 'data-not-public': [['acl', 'public-read']], 'deletion-protected': [['forceDestroy', true]] },
  ),
  awsCase('aws:s3/bucketV2:BucketV2', {}, { 'data-not-public': [['acl', 'public-read-write']] }),
  awsCase(
    'aws:s3/bucketAcl:BucketAcl',
    { acl: 'private' },
    { 'data-not-public': [['acl', 'authenticated-read']] },
  ),
  awsCase(
    'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
    { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    {
      'data-not-public': [
        ['blockPublicAcls', false],
        ['blockPublicPolicy', undefined],
        ['ignorePublicAcls', false],
        ['restrictPublicBuckets', false],
      ],
    },
  ),
  awsCase(
    'aws:cloudfront/distribution:Distribution',
    {
      enabled: true,
      origins: [
        {
          originId: 'assets',
          domainName: 'prod-assets.s3.us-east-1.amazonaws.com',
          originAccessControlId: 'E0EXAMPLE',
        },
        {
          originId: 'api',
          domainName: 'origin.tenantry.example.com',
          customOriginConfig: {
            httpPort: 80,
            httpsPort: 443,
            originProtocolPolicy: 'https-only',
            originSslProtocols: ['TLSv1.2'],
          },
        },
      ],
      defaultCacheBehavior: {
        targetOriginId: 'assets',
        viewerProtocolPolicy: 'redirect-to-https',
        allowedMethods: ['GET', 'HEAD'],
        cachedMethods: ['GET', 'HEAD'],
      },
      orderedCacheBehaviors: [
        {
          pathPattern: '/api/*',
          targetOriginId: 'api',
          viewerProtocolPolicy: 'https-only',
          allowedMethods: ['GET', 'HEAD'],
          cachedMethods: ['GET', 'HEAD'],
        },
      ],
      viewerCertificate: { acmCertificateArn: certificate, minimumProtocolVersion: 'TLSv1.2_2021' },
    },
    {
      'data-not-public': [['origins/0/originAccessControlId', undefined]],
      'transport-encrypted': [
        ['defaultCacheBehavior/viewerProtocolPolicy', 'allow-all'],
        ['orderedCacheBehaviors/0/viewerProtocolPolicy', 'allow-all'],
        ['viewerCertificate', { cloudfrontDefaultCertificate: true }],
        ['viewerCertificate/minimumProtocolVersion', 'TLSv1.1_2016'],
        ['origins/1/customOriginConfig/originProtocolPolicy', 'match-viewer'],
        ['origins/1/customOriginConfig/originSslProtocols', ['TLSv1', 'TLSv1.2']],
      ],
    },
  ),
];

/** Other correct forms, with which no rule may find fault. */
export const alsoPasses: readonly (readonly [what: string, type: string, props: TypeCase['passes']])[] = [
  [
    'a read replica, which has its backups and its end from its source',
    'aws:rds/instance:Instance',
    { replicateSourceDb: 'prod-us-east-1', publiclyAccessible: false, parameterGroupName: 'prod-us-east-1' },
  ],
  ['a queue that services of AWS write to', 'aws:sqs/queue:Queue', { sqsManagedSseEnabled: true }],
  [
    'a listener that only sends to HTTPS',
    'aws:lb/listener:Listener',
    changed({ ...listener, sslPolicy: undefined, protocol: 'HTTP' }, 'defaultActions', [
      { type: 'redirect', redirect: { protocol: 'HTTPS', port: '443', statusCode: 'HTTP_301' } },
    ]),
  ],
  [
    'an allow-list for the API of the cluster',
    'eks:index:Cluster',
    {
      vpcId: 'vpc-0',
      encryptionConfigKeyArn: key,
      endpointPublicAccess: true,
      publicAccessCidrs: ['203.0.113.16/28'],
      deletionProtection: true,
    },
  ],
  ['a component of which the engine tells only what it makes', 'eks:index:Cluster', { kubeconfig: {} }],
  ['a parameter group of another engine', 'aws:rds/parameterGroup:ParameterGroup', { family: 'mysql8.4' }],
  [
    'values that only the deployment tells',
    'aws:rds/instance:Instance',
    {
      storageEncrypted: true,
      kmsKeyId: '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
      parameterGroupName: '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
      deletionProtection: '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
      finalSnapshotIdentifier: '[unknown]',
      deleteAutomatedBackups: false,
      backupRetentionPeriod: '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
      multiAz: true,
    },
  ],
];
