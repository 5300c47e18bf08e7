/**
 * What the control plane's pods may do in AWS: read secrets and exports; workers also write tenants' state and
 * exports.
 */
import { type Input, interpolate, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { Statement } from '../policies.ts';
import type { Storage } from '../storage.ts';
import type { SecretValue } from './secret-files.ts';

/** Statements for reading exactly these secrets. */
export function readSecrets(
  values: readonly SecretValue[],
  args: { config: PlatformConfig; keys: Pick<Keys, 'secrets'>; account: Output<string> },
): Statement[] {
  const { config, keys, account } = args;
  const read = ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'];
  const own = values.filter(({ region }) => region === config.region);
  const away = values.filter(({ region }) => region !== config.region);
  const statements: Statement[] = [];
  if (own.length > 0) {
    statements.push(
      { Sid: 'ReadSecrets', Action: read, Resource: own.map(({ secret }) => secret) },
      {
        Sid: 'OpenSecrets',
        Action: 'kms:Decrypt',
        Resource: keys.secrets.arn,
        Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${config.region}.amazonaws.com` } },
      },
    );
  }
  if (away.length > 0) {
    const region = config.homeRegion;
    statements.push(
      {
        Sid: 'ReadSecretsAtHome',
        Action: read,
        // Secrets Manager appends six characters to the name.
        Resource: away.map(
          ({ secret }) => interpolate`arn:aws:secretsmanager:${region}:${account}:secret:${secret}-??????`,
        ),
      },
      {
        Sid: 'OpenSecretsAtHome',
        Action: 'kms:Decrypt',
        Resource: interpolate`arn:aws:kms:${region}:${account}:key/*`,
        Condition: {
          StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
          'ForAnyValue:StringEquals': { 'kms:ResourceAliases': `alias/${config.homeCellId}-secrets` },
        },
      },
    );
  }
  return statements;
}

/** Statements for the state of tenants' stacks and the secrets in it. */
export function keepState(
  storage: Pick<Storage, 'state'>,
  keys: { state: { arn: Input<string> } },
): Statement[] {
  return [
    { Sid: 'FindState', Action: 's3:ListBucket', Resource: storage.state.arn },
    {
      Sid: 'KeepState',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      Resource: interpolate`${storage.state.arn}/*`,
    },
    {
      Sid: 'SealState',
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      Resource: keys.state.arn,
    },
  ];
}

/** Prefix of tenants' exports in the bucket of backups. */
export const exportsPrefix = 'exports';

/** Statements for exports of tenants: the API serves them. */
export function readExports(
  config: Pick<PlatformConfig, 'region'>,
  storage: Pick<Storage, 'backups'>,
  keys: { storage: { arn: Input<string> } },
): Statement[] {
  return [
    { Sid: 'ReadExports', Action: 's3:GetObject', Resource: exportsIn(storage) },
    {
      Sid: 'OpenExports',
      Action: 'kms:Decrypt',
      Resource: keys.storage.arn,
      Condition: throughS3(config),
    },
  ];
}

/** Statements for exports of tenants: workers write and delete them. */
export function keepExports(
  config: Pick<PlatformConfig, 'region'>,
  storage: Pick<Storage, 'backups'>,
  keys: { storage: { arn: Input<string> } },
): Statement[] {
  return [
    {
      Sid: 'FindExports',
      Action: 's3:ListBucket',
      Resource: storage.backups.arn,
      Condition: { StringLike: { 's3:prefix': `${exportsPrefix}/*` } },
    },
    {
      Sid: 'KeepExports',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: exportsIn(storage),
    },
    {
      Sid: 'SealExports',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: keys.storage.arn,
      Condition: throughS3(config),
    },
  ];
}

function exportsIn(storage: Pick<Storage, 'backups'>): Output<string> {
  return interpolate`${storage.backups.arn}/${exportsPrefix}/*`;
}

function throughS3({ region }: Pick<PlatformConfig, 'region'>) {
  return { StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` } };
}
