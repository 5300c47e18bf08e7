/** A small program that exports metrics of something else: one pod, restricted, without a token of the cluster. */

import { createHash } from 'node:crypto';
import { hardenedContainer } from '../../hardening.ts';
import { ontoControlPlane } from '../../karpenter/node-pools.ts';
import { monitoringNamespace } from '../namespaces.ts';

export interface Exporter {
  readonly name: string;
  readonly image: string;
  readonly port: number;
  readonly args: readonly string[];
  /** Its configuration file, at `configPath`. */
  readonly config: string;
  readonly memory: string;
}

export const configPath = '/etc/exporter/config.yml';

/** The objects of an exporter. Its pod identity, where it has one, follows the name of its service account. */
export function exporterObjects(exporter: Exporter) {
  const { name } = exporter;
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'tenantry' };
  const metadata = { name, namespace: monitoringNamespace, labels };
  return {
    serviceAccount: { metadata, automountServiceAccountToken: false },
    configMap: { metadata, data: { 'config.yml': exporter.config } },
    service: {
      metadata,
      spec: {
        selector: { 'app.kubernetes.io/name': name },
        ports: [{ name: 'http', port: exporter.port, targetPort: 'http' }],
      },
    },
    deployment: {
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: { 'app.kubernetes.io/name': name } },
        template: {
          metadata: {
            labels,
            // A changed configuration makes a new pod.
            annotations: {
              'tenantry.dev/config': createHash('sha256').update(exporter.config).digest('hex'),
            },
          },
          spec: {
            serviceAccountName: name,
            automountServiceAccountToken: false,
            tolerations: ontoControlPlane,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65_534,
              runAsGroup: 65_534,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                name,
                image: exporter.image,
                args: [...exporter.args],
                ports: [{ name: 'http', containerPort: exporter.port }],
                securityContext: hardenedContainer,
                readinessProbe: { httpGet: { path: '/', port: 'http' } },
                resources: {
                  requests: { cpu: '20m', memory: exporter.memory },
                  limits: { memory: exporter.memory },
                },
                volumeMounts: [{ name: 'config', mountPath: '/etc/exporter', readOnly: true }],
              },
            ],
            volumes: [{ name: 'config', configMap: { name } }],
          },
        },
      },
    },
  };
}
