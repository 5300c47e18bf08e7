/** Velero: backs up the cluster into the cell's bucket, installed by its chart, with an identity of its own. */

import * as k8s from '@pulumi/kubernetes';
import { interpolate, type Output } from '@pulumi/pulumi';
import { accountId } from '../account.ts';
import { associatePods, createPodRole } from '../cluster/pod-identity.ts';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import { hardenedContainer } from '../hardening.ts';
import { ontoControlPlane } from '../karpenter/node-pools.ts';
import type { Keys } from '../keys.ts';
import type { Statement } from '../policies.ts';
import type { Bucket } from '../storage/bucket.ts';
import { veleroNamespace } from './schedule.ts';

/**
 * Chart, server and plugin were released together. The chart's job takes the definitions of Velero's kinds from the
 * server's image.
 */
export const velero = {
  repository: 'https://vmware-tanzu.github.io/helm-charts',
  chartVersion: '12.0.3',
  version: '1.18.3',
  awsPlugin: 'docker.io/velero/velero-plugin-for-aws:v1.14.1',
} as const;

/** The chart's name for the service account of the server and of the agents that copy volumes. */
const serviceAccount = 'velero';

/**
 * What Velero may do: read and write the cell's bucket, and read what other cells of the environment have copied into
 * this region, which a failover restores. The CSI driver takes the snapshots of volumes.
 */
export function veleroStatements(
  config: PlatformConfig,
  args: { bucket: Pick<Bucket, 'arn'>; keyArn: Output<string>; account: Output<string> },
): Statement[] {
  const throughS3 = { StringEquals: { 'kms:ViaService': `s3.${config.region}.amazonaws.com` } };
  const copies = interpolate`arn:aws:s3:::tenantry-${config.environment}-*-backups-replica-${args.account}`;
  return [
    {
      Sid: 'ListBackups',
      Action: ['s3:ListBucket', 's3:GetBucketLocation', 's3:ListBucketMultipartUploads'],
      Resource: args.bucket.arn,
    },
    {
      Sid: 'WriteBackups',
      Action: [
        's3:GetObject',
        's3:PutObject',
        's3:PutObjectTagging',
        's3:DeleteObject',
        's3:AbortMultipartUpload',
        's3:ListMultipartUploadParts',
      ],
      Resource: interpolate`${args.bucket.arn}/*`,
    },
    {
      Sid: 'EncryptBackups',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: args.keyArn,
      Condition: throughS3,
    },
    {
      Sid: 'ReadCopiesOfOtherCells',
      Action: ['s3:ListBucket', 's3:GetBucketLocation', 's3:GetObject'],
      Resource: [copies, interpolate`${copies}/*`],
    },
    {
      Sid: 'DecryptCopiesOfOtherCells',
      Action: 'kms:Decrypt',
      Resource: interpolate`arn:aws:kms:${config.region}:${args.account}:key/*`,
      Condition: {
        ...throughS3,
        'ForAnyValue:StringLike': { 'kms:ResourceAliases': `alias/${config.environment}-*-storage` },
      },
    },
  ];
}

/** Makes Velero. Returns what its objects wait for. */
export function createVelero(
  config: PlatformConfig,
  args: { cluster: Cluster; bucket: Bucket; keys: Keys; repositoryPassword: Output<string> },
): k8s.helm.v3.Release {
  const { cluster, bucket, keys } = args;
  const inCluster = { provider: cluster.provider };
  const namespace = new k8s.core.v1.Namespace(
    'velero',
    {
      metadata: {
        name: veleroNamespace,
        labels: {
          'app.kubernetes.io/part-of': 'tenantry-platform',
          // Its agents mount the volumes of the node's pods, which every narrower level forbids.
          'pod-security.kubernetes.io/enforce': 'privileged',
        },
      },
    },
    inCluster,
  );
  const role = createPodRole('velero', {
    config,
    description: 'Velero: backups of this cluster',
    permissions: {
      statements: veleroStatements(config, { bucket, keyArn: keys.storage.arn, account: accountId() }),
    },
  });
  const association = associatePods('velero', {
    clusterName: cluster.name,
    namespace: veleroNamespace,
    serviceAccount,
    role,
  });
  // Where Velero finds no password, it uses one that everybody knows.
  const password = new k8s.core.v1.Secret(
    'velero-repository',
    {
      metadata: { name: 'velero-repo-credentials', namespace: namespace.metadata.name },
      type: 'Opaque',
      stringData: { 'repository-password': args.repositoryPassword },
    },
    inCluster,
  );
  return new k8s.helm.v3.Release(
    'velero',
    {
      name: 'velero',
      chart: 'velero',
      version: velero.chartVersion,
      repositoryOpts: { repo: velero.repository },
      namespace: namespace.metadata.name,
      atomic: true,
      values: veleroValues(config, { bucket: bucket.name, keyArn: keys.storage.arn }),
    },
    { ...inCluster, dependsOn: [association, password, ...cluster.ready] },
  );
}

/** Values for the chart. */
export function veleroValues(
  config: Pick<PlatformConfig, 'region'>,
  args: { bucket: Output<string>; keyArn: Output<string> },
) {
  return {
    // Set here, so that objects are checked against the kinds of the server that reads them.
    image: { tag: `v${velero.version}` },
    initContainers: [
      {
        name: 'velero-plugin-for-aws',
        image: velero.awsPlugin,
        volumeMounts: [{ mountPath: '/target', name: 'plugins' }],
        securityContext: hardenedContainer,
      },
    ],
    podSecurityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containerSecurityContext: hardenedContainer,
    resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    priorityClassName: 'system-cluster-critical',
    tolerations: ontoControlPlane,
    // Pod Identity brings the credentials.
    credentials: { useSecret: false },
    serviceAccount: { server: { create: true, name: serviceAccount } },
    backupsEnabled: true,
    // Snapshots by the plugin itself; CSI takes them.
    snapshotsEnabled: false,
    configuration: {
      features: 'EnableCSI',
      backupStorageLocation: [
        {
          name: 'default',
          provider: 'aws',
          default: true,
          bucket: args.bucket,
          prefix: 'velero',
          config: { region: config.region, kmsKeyId: args.keyArn },
        },
      ],
      volumeSnapshotLocation: [],
      logFormat: 'json',
    },
    deployNodeAgent: true,
    nodeAgent: {
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '1Gi' } },
      // Wherever tenants have volumes.
      tolerations: [{ operator: 'Exists' }],
    },
    metrics: { enabled: true },
    // The program makes the schedule and the classes.
    schedules: {},
    upgradeCRDs: true,
    cleanUpCRDs: false,
  };
}
