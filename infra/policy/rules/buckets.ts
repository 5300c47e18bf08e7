/** S3 buckets, whose settings are resources of their own: a bucket has what refers to it. */
import { statementsOf } from '../permissions.ts';
import { isProduction, type PolicyResource, propertiesAreKnown, refersTo } from '../resource.ts';
import { type Finding, type Rule, stackRule } from '../rule.ts';
import { isUnknown, parsed, textsOf, valueAt, valuesAt } from '../values.ts';

const bucketTypes: ReadonlySet<string> = new Set(['aws:s3/bucket:Bucket', 'aws:s3/bucketV2:BucketV2']);

export const bucketRules: readonly Rule[] = [
  stackRule(
    {
      name: 'bucket-encrypted',
      concern: 'encryption at rest',
      description:
        'Every bucket encrypts with a key of KMS; one that S3 itself writes its access logs to, as AWS demands, with SSE-S3.',
    },
    eachBucket('bucketServerSideEncryptionConfiguration', {
      fulfils: ({ props }, bucket, resources) =>
        valuesAt(props, 'rules[].applyServerSideEncryptionByDefault.sseAlgorithm').some(
          (algorithm) =>
            isUnknown(algorithm) ||
            algorithm === 'aws:kms' ||
            algorithm === 'aws:kms:dsse' ||
            (algorithm === 'AES256' && takesAccessLogs(bucket, resources)),
        ),
      wanted: 'a BucketServerSideEncryptionConfiguration with the algorithm aws:kms',
    }),
  ),
  stackRule(
    {
      name: 'bucket-blocks-public-access',
      concern: 'no public data',
      description: 'Every bucket refuses public access in all four ways.',
    },
    eachBucket('bucketPublicAccessBlock', {
      fulfils: ({ props }) =>
        ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'].every((name) =>
          isTrue(props[name]),
        ),
      wanted: 'a BucketPublicAccessBlock with all four settings true',
    }),
  ),
  stackRule(
    {
      name: 'bucket-refuses-plain-http',
      concern: 'TLS only',
      description: 'Every bucket refuses requests without TLS.',
    },
    eachBucket('bucketPolicy', {
      fulfils: ({ props }) => isUnknown(props.policy) || refusesPlainHttp(props.policy),
      wanted: 'a BucketPolicy that denies everybody s3:* where aws:SecureTransport is false',
    }),
  ),
  stackRule(
    {
      name: 'bucket-versioned',
      concern: 'deletion protection and backups',
      description: 'Every bucket of production keeps former versions of its objects.',
    },
    eachBucket('bucketVersioning', {
      applies: isProduction,
      fulfils: ({ props }) => {
        const status = valueAt(props, 'versioningConfiguration.status');
        return isUnknown(status) || status === 'Enabled';
      },
      wanted: 'a BucketVersioning with the status Enabled',
    }),
  ),
];

type Resources = readonly PolicyResource[];

interface Companion {
  /** Buckets that need the setting; all of them where left out. */
  readonly applies?: (bucket: PolicyResource) => boolean;
  readonly fulfils: (companion: PolicyResource, bucket: PolicyResource, resources: Resources) => boolean;
  readonly wanted: string;
}

function eachBucket(module: string, { applies = () => true, fulfils, wanted }: Companion) {
  // The present types, and the names with V2 that they had for a while.
  const type = new RegExp(`^aws:s3/${module}(V2)?:`);
  return (resources: Resources): Finding[] => {
    const companions = resources.filter((resource) => type.test(resource.type));
    const isFulfilled = (bucket: PolicyResource) =>
      companions.some(
        (companion) =>
          refersTo(companion, 'bucket', bucket) &&
          (!propertiesAreKnown(companion) || fulfils(companion, bucket, resources)),
      );
    return resources
      .filter((resource) => bucketTypes.has(resource.type) && applies(resource) && !isFulfilled(resource))
      .map((bucket) => ({ resource: bucket, message: `the bucket lacks ${wanted}` }));
  };
}

/**
 * S3 delivers access logs only to buckets that do not encrypt with a KMS key (S3 user guide, "Enabling access
 * logging").
 */
function takesAccessLogs(bucket: PolicyResource, resources: Resources): boolean {
  return resources.some(
    (resource) =>
      /^aws:s3\/bucketLogging(V2)?:/.test(resource.type) && refersTo(resource, 'targetBucket', bucket),
  );
}

function refusesPlainHttp(policy: unknown): boolean {
  return statementsOf(parsed(policy)).some(
    (statement) =>
      statement.effect === 'Deny' &&
      statement.everybody &&
      statement.actions.some((action) => action === 's3:*' || action === '*') &&
      textsOf(valueAt(statement.condition, 'Bool.aws:SecureTransport')).includes('false'),
  );
}

function isTrue(value: unknown): boolean {
  return isUnknown(value) || value === true || value === 'true';
}
