/** Copies of buckets in another region, for the day on which this one is lost. */
import * as aws from '@pulumi/aws';
import { interpolate, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { assumableByService, policyDocument } from '../policies.ts';
import type { Bucket } from './bucket.ts';

/** A bucket here and its copy there. */
export interface Replicated {
  readonly name: string;
  readonly source: Bucket;
  readonly copy: Bucket;
  readonly sourceKey: Output<string>;
  readonly copyKey: Output<string>;
}

/** Lets S3 copy every new object, deletion markers included, each encrypted with the key of its place. */
export function replicateBuckets(config: PlatformConfig, buckets: readonly Replicated[]): void {
  const role = new aws.iam.Role('replication', {
    name: `${config.cellId}-replication`,
    description: 'S3: copies of buckets for disaster recovery',
    assumeRolePolicy: assumableByService('s3.amazonaws.com'),
  });
  const policy = new aws.iam.RolePolicy('replication', {
    role: role.name,
    policy: policyDocument(
      {
        Sid: 'ReadConfiguration',
        Action: ['s3:GetReplicationConfiguration', 's3:ListBucket'],
        Resource: buckets.map(({ source }) => source.arn),
      },
      {
        Sid: 'ReadVersions',
        Action: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
        Resource: buckets.map(({ source }) => interpolate`${source.arn}/*`),
      },
      {
        Sid: 'WriteCopies',
        Action: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'],
        Resource: buckets.map(({ copy }) => interpolate`${copy.arn}/*`),
      },
      { Sid: 'ReadKeys', Action: 'kms:Decrypt', Resource: unique(buckets.map(({ sourceKey }) => sourceKey)) },
      {
        Sid: 'WriteKeys',
        Action: ['kms:Encrypt', 'kms:GenerateDataKey'],
        Resource: unique(buckets.map(({ copyKey }) => copyKey)),
      },
    ),
  });
  for (const { name, source, copy, copyKey } of buckets) {
    new aws.s3.BucketReplicationConfig(
      name,
      {
        bucket: source.name,
        region: config.region,
        role: role.arn,
        rules: [
          {
            id: 'everything',
            status: 'Enabled',
            priority: 0,
            filter: { prefix: '' },
            deleteMarkerReplication: { status: 'Enabled' },
            sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
            destination: {
              bucket: copy.arn,
              encryptionConfiguration: { replicaKmsKeyId: copyKey },
              metrics: { status: 'Enabled' },
            },
          },
        ],
      },
      { dependsOn: [policy, source.versioning, copy.versioning] },
    );
  }
}

/** Buckets share keys: the same output stands for the same key. */
function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
