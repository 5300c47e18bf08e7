import { describe, expect, test } from 'vitest';
import { checkPolicies } from '../../infra/policy/check.ts';
import type { PolicyResource } from '../../infra/policy/resource.ts';
import { rules } from '../../infra/policy/rules/index.ts';
import { changed, policy, productionTags, resourceOf } from './cases.ts';

/** Rules that judge all resources of a stack together. */
const together = rules.filter(({ kind }) => kind === 'stack');
const broken = (resources: readonly PolicyResource[]) =>
  checkPolicies(resources, together).map(({ rule, name }) => `${rule} ${name}`);

const bucket = resourceOf('aws:s3/bucket:Bucket', { bucket: 'prod-assets' }, 'assets');
const refuseHttp = {
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: ['arn:aws:s3:::prod-assets', 'arn:aws:s3:::prod-assets/*'],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
/** Settings of the bucket, and for each the rule that asks for it and a setting that is not enough. */
const settings = [
  {
    rule: 'bucket-encrypted',
    resource: resourceOf(
      'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
      { bucket: 'assets-id', rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' } }] },
    ),
    weaker: ['rules/0/applyServerSideEncryptionByDefault/sseAlgorithm', 'AES256'],
  },
  {
    rule: 'bucket-blocks-public-access',
    resource: resourceOf('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock', {
      bucket: 'prod-assets',
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    weaker: ['ignorePublicAcls', false],
  },
  {
    rule: 'bucket-refuses-plain-http',
    resource: resourceOf('aws:s3/bucketPolicy:BucketPolicy', {
      bucket: 'assets-id',
      policy: policy(refuseHttp),
    }),
    weaker: ['policy', policy({ ...refuseHttp, Effect: 'Allow' })],
  },
  {
    rule: 'bucket-versioned',
    resource: resourceOf('aws:s3/bucketVersioning:BucketVersioning', {
      bucket: 'assets-id',
      versioningConfiguration: { status: 'Enabled' },
    }),
    weaker: ['versioningConfiguration/status', 'Suspended'],
  },
] as const;
const others = settings.map(({ resource }) => resource);

describe('a bucket', () => {
  test('with all of its settings breaks no rule', () => {
    expect(broken([bucket, ...others])).toEqual([]);
  });

  test.each(settings.map((setting) => [setting.rule, setting] as const))(
    'breaks %s',
    (rule, { resource, weaker }) => {
      const rest = others.filter((other) => other !== resource);
      const [path, value] = weaker;
      expect(broken([bucket, ...rest]), 'where the setting is missing').toEqual([`${rule} assets`]);
      expect(
        broken([bucket, ...rest, { ...resource, props: changed(resource.props, path, value) }]),
        'where it is too weak',
      ).toEqual([`${rule} assets`]);
      expect(
        broken([bucket, ...rest, { ...resource, props: { ...resource.props, bucket: 'another' } }]),
        "where it is another bucket's",
      ).toEqual([`${rule} assets`]);
    },
  );

  test('whose name only the deployment tells is judged by what depends on it', () => {
    const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
    const dependingOn = (urn: string) =>
      others.map((other) => ({
        ...other,
        props: { ...other.props, bucket: unknown },
        propertyDependencies: { bucket: [urn] },
      }));
    expect(broken([bucket, ...dependingOn(bucket.urn)])).toEqual([]);
    expect(
      broken([bucket, ...dependingOn('urn:pulumi:prod::tenantry::aws:s3/bucket:Bucket::other')]),
    ).toHaveLength(4);
  });

  test('that S3 writes its access logs to may encrypt as S3 does, and no other', () => {
    const [encryption, ...rest] = settings.map(({ resource, rule, weaker: [path, value] }) =>
      rule === 'bucket-encrypted' ? { ...resource, props: changed(resource.props, path, value) } : resource,
    );
    if (!encryption) throw new Error('there is no encryption');
    const logging = (targetBucket: string) =>
      resourceOf('aws:s3/bucketLogging:BucketLogging', { bucket: 'other', targetBucket });
    expect(broken([bucket, encryption, ...rest, logging('assets-id')])).toEqual([]);
    expect(broken([bucket, encryption, ...rest, logging('elsewhere')])).toEqual(['bucket-encrypted assets']);
  });

  test('of development need not keep versions', () => {
    const tags = { ...productionTags, 'tenantry:environment': 'dev' };
    expect(broken([{ ...bucket, props: { ...bucket.props, tags } }, ...others.slice(0, 3)])).toEqual([]);
  });
});

describe('a cluster of production', () => {
  const cluster = resourceOf('aws:eks/cluster:Cluster', {}, 'cluster');
  const schedule = (spec: Record<string, unknown>) =>
    resourceOf('kubernetes:velero.io/v1:Schedule', { spec });

  test.each(['0 */6 * * *', '15 */4 * * *', '0 0,6,12,18 * * *', '30 * * * *', '@every 6h'])(
    'is backed up often enough by %s',
    (cron) => {
      expect(broken([cluster, schedule({ schedule: cron })])).toEqual([]);
    },
  );

  test.each(['0 */12 * * *', '0 0,6,12 * * *', '0 3 * * *', '0 */6 * * 1', '@daily', '@every 24h', ''])(
    'is not by %j',
    (cron) => {
      expect(broken([cluster, schedule({ schedule: cron })])).toEqual(['cluster-backed-up cluster']);
    },
  );

  test('is taken to be backed up by a schedule of which nothing is told yet', () => {
    expect(broken([cluster, resourceOf('kubernetes:velero.io/v1:Schedule', {})])).toEqual([]);
  });

  test('is judged by its component where nothing else is told of it', () => {
    const component = resourceOf('eks:index:Cluster', {}, 'component');
    expect(broken([component])).toEqual(['cluster-backed-up component']);
    expect(broken([component, cluster])).toEqual(['cluster-backed-up cluster']);
    const tags = { ...productionTags, 'tenantry:environment': 'dev' };
    expect(broken([component, { ...cluster, props: { tags } }])).toEqual([]);
  });

  test('is not by a paused schedule, nor by none', () => {
    expect(broken([cluster, schedule({ schedule: '0 */6 * * *', paused: true })])).toHaveLength(1);
    expect(broken([cluster])).toHaveLength(1);
  });
});
