/** What Grafana may read, and its administrator's password. */
import type * as aws from '@pulumi/aws';
import * as k8s from '@pulumi/kubernetes';
import { interpolate, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random';
import { accountId } from '../account.ts';
import { associatePods, createPodRole, useKeyThrough as keyThrough } from '../cluster/pod-identity.ts';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { Statement } from '../policies.ts';
import { createSecret, secretName } from '../secrets.ts';
import { grafanaServiceAccount } from './grafana.ts';
import { podsLogGroup } from './logs.ts';
import { monitoringNamespace } from './namespaces.ts';

const providerName = 'grafana-admin';

/** The object by which the CSI driver mounts the administrator's password as the file `password`. */
export function grafanaPasswordProvider(config: Pick<PlatformConfig, 'cellId' | 'region'>) {
  return {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: { name: providerName, namespace: monitoringNamespace },
    spec: {
      provider: 'aws',
      parameters: {
        region: config.region,
        usePodIdentity: 'true',
        objects: JSON.stringify([
          {
            objectName: secretName(config, 'grafana'),
            objectType: 'secretsmanager',
            objectAlias: 'password',
          },
        ]),
      },
    },
  };
}

/** Makes the role, the password and the object that mounts it; returns that object's name. */
export function createGrafanaAccess(
  config: PlatformConfig,
  args: {
    cluster: Cluster;
    keys: Keys;
    metricsStoreArn: Output<string>;
    namespaces: readonly k8s.core.v1.Namespace[];
  },
): { readonly secretProviderClass: string; readonly association: aws.eks.PodIdentityAssociation } {
  const { cluster, keys } = args;
  const secret = createSecret('grafana', {
    config,
    keys,
    description: 'Grafana: password of its administrator',
    value: new RandomPassword('grafana', { length: 32, special: false }).result,
  });
  const role = createPodRole('grafana', {
    config,
    description: 'Grafana: reads metrics and logs, and its own password',
    permissions: {
      statements: [
        {
          Action: ['aps:QueryMetrics', 'aps:GetSeries', 'aps:GetLabels', 'aps:GetMetricMetadata'],
          Resource: args.metricsStoreArn,
        },
        {
          Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
          Resource: secret.arn,
        },
        keyThrough('secretsmanager', { config, keyArn: keys.secrets.arn, actions: ['kms:Decrypt'] }),
        ...(config.monitoring.logs === 'cloudwatch' ? readLogs(config) : []),
      ],
    },
  });
  const association = associatePods('grafana', {
    clusterName: cluster.name,
    namespace: monitoringNamespace,
    serviceAccount: grafanaServiceAccount,
    role,
  });
  new k8s.apiextensions.CustomResource(providerName, grafanaPasswordProvider(config), {
    provider: cluster.provider,
    dependsOn: [...args.namespaces, ...cluster.ready],
  });
  return { secretProviderClass: providerName, association };
}

function readLogs(config: PlatformConfig): Statement[] {
  const group = interpolate`arn:aws:logs:${config.region}:${accountId()}:log-group:${podsLogGroup(config)}`;
  return [
    {
      Action: ['logs:StartQuery', 'logs:GetLogGroupFields', 'logs:GetLogEvents', 'logs:FilterLogEvents'],
      Resource: [group, interpolate`${group}:*`],
    },
    // These take no log group, and reveal only names and running queries.
    { Action: ['logs:DescribeLogGroups', 'logs:GetQueryResults', 'logs:StopQuery'], Resource: '*' },
  ];
}
