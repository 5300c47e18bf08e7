/** KMS keys: one for each kind of data, so that access to one kind opens no other. */
import * as aws from '@pulumi/aws';
import { type Input, interpolate, type Output } from '@pulumi/pulumi';
import { accountId } from './account.ts';
import type { PlatformConfig } from './config.ts';
import { policyDocument, type Statement } from './policies.ts';
import type { Region } from './regions.ts';

export const keyPurposes = {
  cluster: 'Secrets of the cluster, volumes of nodes and tenants',
  database: 'PostgreSQL: storage, snapshots, insights, backups',
  cache: 'Redis: memory on disk, snapshots',
  storage: 'Assets, recordings and backups in S3',
  state: 'State of the tenants’ stacks, and the secrets inside it',
  secrets: 'Secrets Manager',
  logs: 'Log groups',
  monitoring: 'Metrics, alerts, logs in S3',
} as const;

export type KeyPurpose = keyof typeof keyPurposes;

/** What a key in another region can be used as: a key or a replica. */
export interface RemoteKey {
  readonly arn: Output<string>;
  readonly keyId: Output<string>;
}

export type Keys = Readonly<Record<KeyPurpose, aws.kms.Key>> & {
  /** For log groups that must be in us-east-1; the same as `logs` there. */
  readonly globalLogs: aws.kms.Key;
  /** In the region that holds copies for disaster recovery. */
  readonly replica: Readonly<Record<'storage' | 'database' | 'state' | 'secrets', RemoteKey>> | undefined;
};

/** Region of everything that belongs to CloudFront: AWS accepts its certificates and firewalls from nowhere else. */
export const globalRegion: Region = 'us-east-1';

/** Days between a key's deletion and its end: the longest that KMS allows. */
const deletionWindowInDays = 30;

/** Makes the keys of a cell, each rotated yearly by KMS. */
export function createKeys(config: PlatformConfig): Keys {
  const account = accountId();
  const make = (purpose: KeyPurpose, at: { name: string; region: Region }) =>
    createKey(at.name, {
      purpose,
      alias: `alias/${config.cellId}-${purpose}`,
      account,
      region: at.region,
    });
  const here = (purpose: KeyPurpose) => make(purpose, { name: purpose, region: config.region });
  const logs = here('logs');
  const [state, secrets] = [here('state'), here('secrets')];
  const { replicaRegion } = config.storage;
  return {
    cluster: here('cluster'),
    database: here('database'),
    cache: here('cache'),
    storage: here('storage'),
    state,
    secrets,
    logs,
    monitoring: here('monitoring'),
    globalLogs:
      config.region === globalRegion ? logs : make('logs', { name: 'logs-global', region: globalRegion }),
    replica: replicaRegion && {
      storage: make('storage', { name: 'storage-replica', region: replicaRegion }),
      database: make('database', { name: 'database-replica', region: replicaRegion }),
      // The same key material in both regions: what is written here can be read there after this region is lost.
      state: copyKey('state', state, { config, account, region: replicaRegion }),
      secrets: copyKey('secrets', secrets, { config, account, region: replicaRegion }),
    },
  };
}

/**
 * Purposes whose keys can be replicated to another region. A key's creation fixes this, so that disaster recovery can
 * be switched on later without a new key; nothing leaves the region before a replica is made.
 */
const multiRegion: ReadonlySet<KeyPurpose> = new Set(['state', 'secrets']);

function createKey(
  name: string,
  args: { purpose: KeyPurpose; alias: string; account: Output<string>; region: Region },
): aws.kms.Key {
  const { purpose, account, region } = args;
  const key = new aws.kms.Key(name, {
    description: keyPurposes[purpose],
    region,
    enableKeyRotation: true,
    deletionWindowInDays,
    multiRegion: multiRegion.has(purpose),
    policy: keyPolicy(purpose, account, region),
  });
  new aws.kms.Alias(name, { name: args.alias, region, targetKeyId: key.keyId });
  return key;
}

function copyKey(
  purpose: KeyPurpose,
  key: aws.kms.Key,
  at: { config: PlatformConfig; account: Output<string>; region: Region },
): aws.kms.ReplicaKey {
  const copy = new aws.kms.ReplicaKey(`${purpose}-replica`, {
    description: keyPurposes[purpose],
    region: at.region,
    primaryKeyArn: key.arn,
    deletionWindowInDays,
    policy: keyPolicy(purpose, at.account, at.region),
  });
  new aws.kms.Alias(`${purpose}-replica`, {
    name: `alias/${at.config.cellId}-${purpose}`,
    region: at.region,
    targetKeyId: copy.keyId,
  });
  return copy;
}

/** A key's policy: the account's IAM decides, and AWS services that act for nobody are named. */
export function keyPolicy(purpose: KeyPurpose, account: Input<string>, region: Region): Output<string> {
  return policyDocument(
    {
      Sid: 'AccountDecides',
      Principal: { AWS: interpolate`arn:aws:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
    ...serviceStatements(purpose, account, region),
  );
}

const useKey = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'];

function serviceStatements(purpose: KeyPurpose, account: Input<string>, region: Region): Statement[] {
  switch (purpose) {
    case 'logs':
      return [
        {
          Sid: 'LogGroups',
          Principal: { Service: `logs.${region}.amazonaws.com` },
          Action: useKey,
          Resource: '*',
          Condition: {
            ArnLike: {
              'kms:EncryptionContext:aws:logs:arn': interpolate`arn:aws:logs:${region}:${account}:log-group:*`,
            },
          },
        },
      ];
    case 'storage':
      return [
        {
          Sid: 'AssetsThroughCloudFront',
          Principal: { Service: 'cloudfront.amazonaws.com' },
          Action: 'kms:Decrypt',
          Resource: '*',
          Condition: {
            ArnLike: { 'aws:SourceArn': interpolate`arn:aws:cloudfront::${account}:distribution/*` },
          },
        },
      ];
    case 'cluster':
      return [
        {
          // Auto Scaling's own role starts nodes with encrypted volumes, and we cannot write its policy.
          Sid: 'VolumesThroughEc2',
          Principal: { AWS: '*' },
          Action: [...useKey, 'kms:CreateGrant'],
          Resource: '*',
          Condition: {
            StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `ec2.${region}.amazonaws.com` },
          },
        },
      ];
    default:
      return [];
  }
}

/** The secrets provider of tenants' stacks, as Pulumi writes it. */
export function stateSecretsProvider(config: Pick<PlatformConfig, 'cellId' | 'region'>): string {
  return `awskms://alias/${config.cellId}-state?region=${config.region}`;
}
