/** A bucket as the platform makes all of them: private, encrypted, versioned, reached by TLS only, logged. */
import * as aws from '@pulumi/aws';
import type * as inputs from '@pulumi/aws/types/input.js';
import type { CustomResourceOptions, Input, Output } from '@pulumi/pulumi';
import { denyInsecureTransport, policyDocument, type Statement } from '../policies.ts';
import type { Region } from '../regions.ts';

export type LifecycleRule = inputs.s3.BucketLifecycleConfigurationRule;

export interface BucketArgs {
  /** Physical name, unique in all of AWS. */
  readonly name: Input<string>;
  readonly region: Region;
  /** Key of its objects; null where AWS writes into it and cannot use ours. */
  readonly key: { readonly arn: Input<string> } | null;
  /** Bucket for its access logs; null for that bucket itself. */
  readonly accessLogs: Output<string> | null;
  readonly lifecycle: readonly LifecycleRule[];
  /** More statements for its policy. */
  readonly statements?: (arn: Output<string>) => readonly Statement[];
  /** Whether destroying the stack destroys the objects in it. */
  readonly disposable: boolean;
}

/** A bucket whose settings are all in place. */
export interface Bucket {
  readonly name: Output<string>;
  readonly arn: Output<string>;
  /** Address for a CloudFront origin. */
  readonly regionalDomainName: Output<string>;
  /** Replication may start only after it. */
  readonly versioning: aws.s3.BucketVersioning;
  /** AWS's services may write into the bucket only after it. */
  readonly policy: aws.s3.BucketPolicy;
}

/** A bucket with all the settings that S3 keeps as separate resources; `name` is the logical name of all of them. */
export function createBucket(name: string, args: BucketArgs, options: CustomResourceOptions = {}): Bucket {
  const { region } = args;
  const bucket = new aws.s3.Bucket(
    name,
    { bucket: args.name, region, forceDestroy: args.disposable },
    { protect: !args.disposable, ...options },
  );
  const of = { bucket: bucket.id, region };
  const access = new aws.s3.BucketPublicAccessBlock(name, {
    ...of,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new aws.s3.BucketOwnershipControls(name, { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } });
  new aws.s3.BucketServerSideEncryptionConfiguration(name, {
    ...of,
    rules: [
      {
        applyServerSideEncryptionByDefault:
          args.key === null
            ? { sseAlgorithm: 'AES256' }
            : { sseAlgorithm: 'aws:kms', kmsMasterKeyId: args.key.arn },
        // One call to KMS for many objects.
        bucketKeyEnabled: args.key !== null,
      },
    ],
  });
  const versioning = new aws.s3.BucketVersioning(name, {
    ...of,
    versioningConfiguration: { status: 'Enabled' },
  });
  new aws.s3.BucketLifecycleConfiguration(
    name,
    { ...of, rules: [...args.lifecycle, abandonedUploads] },
    // S3 refuses rules about old versions while there are none.
    { dependsOn: [versioning] },
  );
  if (args.accessLogs !== null) {
    new aws.s3.BucketLogging(name, {
      ...of,
      targetBucket: args.accessLogs,
      targetPrefix: `s3/${name}/`,
    });
  }
  const policy = new aws.s3.BucketPolicy(
    name,
    {
      ...of,
      policy: policyDocument(
        denyInsecureTransport(bucket.arn),
        denyOldTls(bucket.arn),
        ...(args.statements?.(bucket.arn) ?? []),
      ),
    },
    // S3 refuses both at once.
    { dependsOn: [access] },
  );
  return {
    name: bucket.bucket,
    arn: bucket.arn,
    regionalDomainName: bucket.bucketRegionalDomainName,
    versioning,
    policy,
  };
}

function denyOldTls(bucketArn: Output<string>): Statement {
  return {
    Sid: 'DenyOldTls',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucketArn, bucketArn.apply((arn) => `${arn}/*`)],
    Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } },
  };
}

/** Parts of uploads that nobody completed cost money and are invisible. */
const abandonedUploads: LifecycleRule = {
  id: 'abandoned-uploads',
  status: 'Enabled',
  filter: { prefix: '' },
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
};

/** Overwritten and deleted objects can be restored for this many days. */
export function keepOldVersions(days: number): LifecycleRule {
  return {
    id: 'old-versions',
    status: 'Enabled',
    filter: { prefix: '' },
    noncurrentVersionExpiration: { noncurrentDays: days },
    expiration: { expiredObjectDeleteMarker: true },
  };
}

/** Every object is deleted this many days after it was written. */
export function expireAfter(days: number): LifecycleRule {
  return { id: 'expire', status: 'Enabled', filter: { prefix: '' }, expiration: { days } };
}
