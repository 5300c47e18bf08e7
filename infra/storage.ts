/**
 * S3: assets, recordings, backups, the state of tenants' stacks; their access logs, and copies for disaster recovery.
 */
import { all, interpolate, type Output } from '@pulumi/pulumi';
import { accountId } from './account.ts';
import type { PlatformConfig } from './config.ts';
import type { Keys } from './keys.ts';
import type { Statement } from './policies.ts';
import { createAging } from './storage/aging.ts';
import {
  type Bucket,
  createBucket,
  expireAfter,
  keepOldVersions,
  type LifecycleRule,
} from './storage/bucket.ts';
import { recordingFigures, recordingLifecycle } from './storage/recordings.ts';
import { replicateBuckets } from './storage/replication.ts';

export type Purpose = 'assets' | 'recordings' | 'backups' | 'state';

export type Storage = Readonly<Record<Purpose, Bucket>> & {
  /** Logs of the buckets, the load balancer and CloudFront. */
  readonly accessLogs: Bucket;
  /** In the region that holds copies for disaster recovery. */
  readonly replica: Readonly<Record<Purpose, Bucket>> | undefined;
};

const purposes: readonly Purpose[] = ['assets', 'recordings', 'backups', 'state'];

/** Prefixes of the load balancer's and CloudFront's logs in the bucket of access logs. */
export const loadBalancerLogs = 'load-balancer';
export const cloudFrontLogs = 'cloudfront';

/** Days that access logs are kept: the year that most audits ask for. */
const accessLogDays = 365;

/** Days that old versions are kept. Recordings end when their plan says, and not a month later. */
const oldVersionDays: Readonly<Record<Purpose, number>> = {
  assets: 30,
  recordings: 1,
  backups: 30,
  state: 90,
};

/** What happens to a kind of objects over time. */
export function lifecycleOf(purpose: Purpose): LifecycleRule[] {
  const aging: Readonly<Record<Purpose, LifecycleRule[]>> = {
    assets: [],
    recordings: recordingLifecycle(recordingFigures()),
    // Velero deletes its backups itself.
    backups: [],
    state: [stateHistory],
  };
  return [...aging[purpose], keepOldVersions(oldVersionDays[purpose])];
}

/** Pulumi never prunes the history of a stack: each operation adds a file. The state itself is never expired. */
const stateHistory: LifecycleRule = {
  id: 'stack-history',
  status: 'Enabled',
  filter: { prefix: '.pulumi/history/' },
  expiration: { days: 365 },
};

/**
 * Physical name of a bucket: the account's number makes it unique in all of AWS. S3 allows 63 characters, exactly
 * what `recordings-replica` needs with the longest cell name.
 */
export function bucketName(config: Pick<PlatformConfig, 'cellId'>, what: string, account: Output<string>) {
  return interpolate`tenantry-${config.cellId}-${what}-${account}`;
}

/** Makes the cell's buckets, and their copies where the configuration names a region for them. */
export function createStorage(config: PlatformConfig, keys: Keys): Storage {
  const account = accountId();
  const { replicaRegion } = config.storage;
  const disposable = config.environment === 'dev';

  const logBucket = (suffix: '' | '-replica', region: PlatformConfig['region']) =>
    createBucket(`access-logs${suffix}`, {
      name: bucketName(config, `logs${suffix}`, account),
      region,
      // S3 and load balancers deliver logs with S3's own key only.
      key: null,
      accessLogs: null,
      lifecycle: [expireAfter(accessLogDays), keepOldVersions(1)],
      statements: (arn) => logDelivery(arn, account),
      disposable,
    });
  const accessLogs = logBucket('', config.region);
  const keyOf = (purpose: Purpose) => (purpose === 'state' ? keys.state : keys.storage);
  const statements = (purpose: Purpose) => statementsOf(purpose, config, account);

  const bucket = (purpose: Purpose) =>
    createBucket(purpose, {
      name: bucketName(config, purpose, account),
      region: config.region,
      key: keyOf(purpose),
      accessLogs: accessLogs.name,
      lifecycle: lifecycleOf(purpose),
      ...statements(purpose),
      disposable,
    });
  const here = forEachPurpose(bucket);
  createAging(config, { keys, recordings: here.recordings });
  const replicaKeys = keys.replica;
  if (replicaRegion === undefined || replicaKeys === undefined) {
    return { ...here, accessLogs, replica: undefined };
  }

  const replicaLogs = logBucket('-replica', replicaRegion);
  const replicaKeyOf = (purpose: Purpose) => (purpose === 'state' ? replicaKeys.state : replicaKeys.storage);
  const replica = forEachPurpose((purpose) =>
    createBucket(`${purpose}-replica`, {
      name: bucketName(config, `${purpose}-replica`, account),
      region: replicaRegion,
      key: replicaKeyOf(purpose),
      accessLogs: replicaLogs.name,
      lifecycle: lifecycleOf(purpose),
      ...statements(purpose),
      disposable,
    }),
  );
  replicateBuckets(
    config,
    purposes.map((purpose) => ({
      name: purpose,
      source: here[purpose],
      copy: replica[purpose],
      sourceKey: keyOf(purpose).arn,
      copyKey: replicaKeyOf(purpose).arn,
    })),
  );
  return { ...here, accessLogs, replica };
}

function forEachPurpose(make: (purpose: Purpose) => Bucket): Record<Purpose, Bucket> {
  return {
    assets: make('assets'),
    recordings: make('recordings'),
    backups: make('backups'),
    state: make('state'),
  };
}

/** What the policy of a bucket says beyond the common statements. */
function statementsOf(purpose: Purpose, config: PlatformConfig, account: Output<string>) {
  switch (purpose) {
    case 'state':
      return { statements: (arn: Output<string>) => [stateOwners(config, arn, account)] };
    case 'assets':
      return { statements: (arn: Output<string>) => [readByCloudFront(arn, account)] };
    default:
      return {};
  }
}

/** CloudFront reads assets for its visitors; only this account's distributions may. */
function readByCloudFront(arn: Output<string>, account: Output<string>): Statement {
  return {
    Sid: 'CloudFrontReads',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: 's3:GetObject',
    Resource: interpolate`${arn}/*`,
    Condition: { ArnLike: { 'aws:SourceArn': interpolate`arn:aws:cloudfront::${account}:distribution/*` } },
  };
}

/** Who writes access logs: S3 itself, and load balancers. */
function logDelivery(arn: Output<string>, account: Output<string>): Statement[] {
  const ofThisAccount = { StringEquals: { 'aws:SourceAccount': account } };
  return [
    {
      Sid: 'AccessLogsOfBuckets',
      Principal: { Service: 'logging.s3.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: interpolate`${arn}/s3/*`,
      Condition: ofThisAccount,
    },
    {
      // The path names the account; load balancers give no other sign of their owner.
      Sid: 'AccessLogsOfLoadBalancers',
      Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: interpolate`${arn}/${loadBalancerLogs}/AWSLogs/${account}/*`,
    },
    {
      Sid: 'AccessLogsOfCloudFront',
      Principal: { Service: 'delivery.logs.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: interpolate`${arn}/${cloudFrontLogs}/*`,
      Condition: ofThisAccount,
    },
  ];
}

/**
 * State says how every tenant is built and holds its secrets: only the control plane, the copying to another region
 * and the cluster's administrators read it, whatever IAM grants. The account's root can still repair this policy.
 */
export function stateOwners(
  config: Pick<PlatformConfig, 'cellId' | 'cluster'>,
  arn: Output<string>,
  account: Output<string>,
): Statement {
  const role = (name: string) => interpolate`arn:aws:iam::${account}:role/${config.cellId}-${name}`;
  return {
    Sid: 'DenyStrangers',
    Effect: 'Deny',
    Principal: '*',
    Action: ['s3:GetObject*', 's3:PutObject*', 's3:DeleteObject*', 's3:ListBucket*'],
    Resource: [arn, interpolate`${arn}/*`],
    Condition: {
      ArnNotLike: {
        'aws:PrincipalArn': all([
          interpolate`arn:aws:iam::${account}:root`,
          role('control-plane*'),
          role('replication'),
          ...config.cluster.adminRoleArns,
        ]),
      },
      Bool: { 'aws:PrincipalIsAWSService': 'false' },
    },
  };
}
