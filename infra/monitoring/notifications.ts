/** The ways to people: a topic for mail, and the keys that call PagerDuty. */
import * as aws from '@pulumi/aws';
import * as k8s from '@pulumi/kubernetes';
import type { Output } from '@pulumi/pulumi';
import { accountId } from '../account.ts';
import { associatePods, createPodRole, useKeyThrough as keyThrough } from '../cluster/pod-identity.ts';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import { policyDocument } from '../policies.ts';
import { alertmanagerConfig } from './alert-routes.ts';
import { monitoringNamespace } from './namespaces.ts';

export interface Notifications {
  readonly topicArn: Output<string>;
  /** What Alertmanager needs. */
  readonly alertmanagerConfig: Output<ReturnType<typeof alertmanagerConfig>>;
  /** Mounts the keys; undefined where nobody is called. */
  readonly keys: { readonly secretProviderClass: string; readonly mountPath: string } | undefined;
}

const keysName = 'alertmanager-keys';
const mountPath = '/etc/alertmanager/keys';

/** Secrets that hold routing keys, by the name of the file that each becomes. */
export function routingKeys(config: Pick<PlatformConfig, 'monitoring'>): Readonly<Record<string, string>> {
  const { pagerDutySecret, escalationSecret } = config.monitoring;
  return {
    ...(pagerDutySecret !== undefined && { 'on-call': pagerDutySecret }),
    ...(escalationSecret !== undefined && { escalation: escalationSecret }),
  };
}

/** The object that tells the CSI driver which secrets become which files. */
export function routingKeysProvider(config: Pick<PlatformConfig, 'monitoring' | 'region'>) {
  return {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: { name: keysName, namespace: monitoringNamespace },
    spec: {
      provider: 'aws',
      parameters: {
        region: config.region,
        usePodIdentity: 'true',
        objects: JSON.stringify(
          Object.entries(routingKeys(config)).map(([file, secret]) => ({
            objectName: secret,
            objectType: 'secretsmanager',
            objectAlias: file,
          })),
        ),
      },
    },
  };
}

/**
 * Makes the topic and the keys' mount, and lets Alertmanager use them.
 * @param args.serviceAccount Alertmanager's
 */
export function createNotifications(
  config: PlatformConfig,
  args: {
    cluster: Cluster;
    keys: Keys;
    serviceAccount: string;
    namespaces: readonly k8s.core.v1.Namespace[];
  },
): Notifications {
  const { alertEmail } = config.monitoring;
  const topic = new aws.sns.Topic('alerts', {
    name: `${config.cellId}-alerts`,
    displayName: `Tenantry ${config.cellId}`,
    kmsMasterKeyId: args.keys.monitoring.arn,
  });
  new aws.sns.TopicPolicy('alerts', {
    arn: topic.arn,
    policy: policyDocument({
      Sid: 'DenyInsecureTransport',
      Effect: 'Deny',
      Principal: '*',
      Action: 'sns:Publish',
      Resource: topic.arn,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    }),
  });
  if (alertEmail !== undefined) {
    new aws.sns.TopicSubscription('alerts-email', {
      topic: topic.arn,
      protocol: 'email',
      endpoint: alertEmail,
    });
  }

  const files = routingKeys(config);
  const hasKeys = Object.keys(files).length > 0;
  const account = accountId();
  const role = createPodRole('alertmanager', {
    config,
    description: 'Alertmanager: sends mails and reads the keys with which it calls people',
    permissions: {
      statements: [
        { Action: 'sns:Publish', Resource: topic.arn },
        keyThrough('sns', {
          config,
          keyArn: args.keys.monitoring.arn,
          actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
        }),
        ...(hasKeys
          ? [
              {
                Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
                // Secrets Manager appends a hyphen and six characters to a name.
                Resource: Object.values(files).map((secret) =>
                  account.apply(
                    (id) => `arn:aws:secretsmanager:${config.region}:${id}:secret:${secret}-??????`,
                  ),
                ),
              },
              keyThrough('secretsmanager', {
                config,
                keyArn: args.keys.secrets.arn,
                actions: ['kms:Decrypt'],
              }),
            ]
          : []),
      ],
    },
  });
  associatePods('alertmanager', {
    clusterName: args.cluster.name,
    namespace: monitoringNamespace,
    serviceAccount: args.serviceAccount,
    role,
  });
  if (hasKeys) {
    new k8s.apiextensions.CustomResource(keysName, routingKeysProvider(config), {
      provider: args.cluster.provider,
      dependsOn: [...args.namespaces, ...args.cluster.ready],
    });
  }
  const file = (name: string) => (name in files ? `${mountPath}/${name}` : undefined);
  const [onCallKeyFile, escalationKeyFile] = [file('on-call'), file('escalation')];
  return {
    topicArn: topic.arn,
    alertmanagerConfig: topic.arn.apply((topicArn) =>
      alertmanagerConfig({
        topicArn,
        region: config.region,
        cell: config.cellId,
        ...(onCallKeyFile !== undefined && { onCallKeyFile }),
        ...(escalationKeyFile !== undefined && { escalationKeyFile }),
      }),
    ),
    keys: hasKeys ? { secretProviderClass: keysName, mountPath } : undefined,
  };
}
