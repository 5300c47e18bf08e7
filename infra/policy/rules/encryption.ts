/** Encryption at rest: everything that writes to a disk uses a key that we can rotate and revoke. */
import { argumentsAreKnown, type PolicyResource } from '../resource.ts';
import { all, type Check, must, mustBe, mustHave, type Rule, ruleByType, when } from '../rule.ts';
import { isRecord, isUnknown, valueAt } from '../values.ts';

const ownKey = 'a key of KMS';

/** A copy of an instance in the same region always has its source's key. */
const isCopy = ({ props }: PolicyResource) =>
  props.replicateSourceDb !== undefined && props.replicateSourceDb !== null;

const encryptedDisk = (list: string): Check =>
  all(mustBe(`${list}[].ebs.encrypted`, true), mustHave(`${list}[].ebs.kmsKeyId`, ownKey));

export const encryptionRules: readonly Rule[] = [
  ruleByType(
    {
      name: 'storage-encrypted',
      concern: 'encryption at rest',
      description:
        'Databases, caches, queues, logs, secrets, volumes and images are encrypted with a key of KMS.',
    },
    {
      'aws:rds/instance:Instance': when(
        (resource) => !isCopy(resource),
        all(mustBe('storageEncrypted', true), mustHave('kmsKeyId', ownKey)),
      ),
      'aws:rds/cluster:Cluster': all(mustBe('storageEncrypted', true), mustHave('kmsKeyId', ownKey)),
      'aws:elasticache/replicationGroup:ReplicationGroup': all(
        mustBe('atRestEncryptionEnabled', true),
        mustHave('kmsKeyId', ownKey),
      ),
      'aws:elasticache/serverlessCache:ServerlessCache': mustHave('kmsKeyId', ownKey),
      'aws:dynamodb/table:Table': all(
        mustBe('serverSideEncryption.enabled', true),
        mustHave('serverSideEncryption.kmsKeyArn', ownKey),
      ),
      'aws:efs/fileSystem:FileSystem': all(mustBe('encrypted', true), mustHave('kmsKeyId', ownKey)),
      'aws:ebs/volume:Volume': all(mustBe('encrypted', true), mustHave('kmsKeyId', ownKey)),
      'aws:ec2/instance:Instance': all(
        mustBe('rootBlockDevice.encrypted', true),
        mustBe('ebsBlockDevices[].encrypted', true),
      ),
      'aws:ec2/launchTemplate:LaunchTemplate': encryptedDisk('blockDeviceMappings'),
      'aws:sqs/queue:Queue': when(
        ({ props }) => props.sqsManagedSseEnabled !== true,
        mustHave('kmsMasterKeyId', `${ownKey}, or sqsManagedSseEnabled where senders of AWS may use none`),
      ),
      'aws:sns/topic:Topic': mustHave('kmsMasterKeyId', ownKey),
      'aws:secretsmanager/secret:Secret': mustHave('kmsKeyId', ownKey),
      'aws:cloudwatch/logGroup:LogGroup': mustHave('kmsKeyId', ownKey),
      'aws:backup/vault:Vault': mustHave('kmsKeyArn', ownKey),
      'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication': mustHave(
        'kmsKeyId',
        ownKey,
      ),
      'aws:amp/workspace:Workspace': mustHave('kmsKeyArn', ownKey),
      'aws:ecr/repository:Repository': all(
        mustHave('encryptionConfigurations', 'encryption with KMS'),
        mustBe('encryptionConfigurations[].encryptionType', 'KMS'),
      ),
      'aws:kms/key:Key': when(
        ({ props }) => (props.customerMasterKeySpec ?? 'SYMMETRIC_DEFAULT') === 'SYMMETRIC_DEFAULT',
        mustBe('enableKeyRotation', true),
      ),
      'aws:eks/cluster:Cluster': all(
        must(
          'encryptionConfig.resources',
          (list) => Array.isArray(list) && list.includes('secrets'),
          'secrets',
        ),
        mustHave('encryptionConfig.provider.keyArn', ownKey),
      ),
      'eks:index:Cluster': when(
        argumentsAreKnown,
        mustHave('encryptionConfigKeyArn', `${ownKey} for the cluster's Secrets`),
      ),
      'kubernetes:storage.k8s.io/v1:StorageClass': when(
        ({ props }) => props.provisioner === 'ebs.csi.aws.com',
        all(mustBe('parameters.encrypted', 'true'), mustHave('parameters.kmsKeyId', ownKey)),
      ),
      'kubernetes:karpenter.k8s.aws/v1:EC2NodeClass': all(
        mustHave('spec.blockDeviceMappings', 'the disks of its nodes, encrypted'),
        mustBe('spec.blockDeviceMappings[].ebs.encrypted', true),
        must(
          'spec.blockDeviceMappings[].ebs',
          (disk) => isRecord(disk) && (Boolean(disk.kmsKeyID) || isUnknown(valueAt(disk, 'kmsKeyID'))),
          `${ownKey} as kmsKeyID`,
        ),
      ),
    },
  ),
];
