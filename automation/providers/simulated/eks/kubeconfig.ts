import {
  containsUnknown,
  isMap,
  type PropertyMap,
  type PropertyValue,
  reveal,
  unknown,
} from '../../properties.ts';

export interface KubeconfigOptions {
  readonly roleArn?: PropertyValue | undefined;
  readonly profileName?: PropertyValue | undefined;
}

/** How kubectl and the Kubernetes provider reach a cluster: by a token from `aws eks get-token`. */
export function kubeconfigOf(cluster: PropertyMap, options: KubeconfigOptions = {}): PropertyValue {
  const { arn, certificateAuthority } = cluster;
  const name: PropertyValue = cluster.name ?? unknown;
  const endpoint: PropertyValue = cluster.endpoint ?? unknown;
  const authority = isMap(certificateAuthority) ? certificateAuthority.data : undefined;
  const region: PropertyValue = (typeof arn === 'string' ? arn.split(':')[3] : undefined) ?? unknown;
  const { roleArn, profileName } = options;
  const tokenArguments: PropertyValue[] = [
    '--region',
    region,
    'eks',
    'get-token',
    '--cluster-name',
    name,
    '--output',
    'json',
    ...(roleArn === undefined ? [] : flag('--role', roleArn)),
    ...(profileName === undefined ? [] : flag('--profile', profileName)),
  ];
  const config: PropertyMap = {
    apiVersion: 'v1',
    clusters: [
      {
        cluster: { server: endpoint, 'certificate-authority-data': authority ?? unknown },
        name: 'kubernetes',
      },
    ],
    contexts: [{ context: { cluster: 'kubernetes', user: 'aws' }, name: 'aws' }],
    'current-context': 'aws',
    kind: 'Config',
    users: [
      {
        name: 'aws',
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1beta1',
            command: 'aws',
            args: tokenArguments,
            env: [
              {
                name: 'KUBERNETES_EXEC_INFO',
                value: '{"apiVersion": "client.authentication.k8s.io/v1beta1"}',
              },
            ],
          },
        },
      },
    ],
  };
  return containsUnknown(config) ? unknown : config;
}

export function toJsonText(value: PropertyValue): PropertyValue {
  return value === unknown ? unknown : JSON.stringify(reveal(value));
}

function flag(name: string, value: PropertyValue): PropertyValue[] {
  return [name, value];
}
