import * as k8s from '@pulumi/kubernetes';
import type { Cluster } from '../cluster.ts';

/** Prometheus, Alertmanager, Grafana, exporters, logs: pods of the level `restricted`. */
export const monitoringNamespace = 'monitoring';
/** Pods that read a node's own files: node-exporter and the log collector. Nothing else may run here. */
export const nodeAgentsNamespace = 'node-agents';

/** Both namespaces, as objects. */
export function namespaces() {
  const namespace = (name: string, level: 'restricted' | 'privileged') => ({
    metadata: {
      name,
      labels: {
        'pod-security.kubernetes.io/enforce': level,
        'pod-security.kubernetes.io/warn': level,
        'app.kubernetes.io/part-of': 'tenantry',
      },
    },
  });
  return [namespace(monitoringNamespace, 'restricted'), namespace(nodeAgentsNamespace, 'privileged')];
}

/** Only their neighbours reach the servers, whose data covers all tenants. */
export function serversPolicy() {
  return {
    metadata: { name: 'servers', namespace: monitoringNamespace },
    spec: {
      podSelector: {
        matchExpressions: [
          {
            key: 'app.kubernetes.io/name',
            operator: 'In',
            values: ['prometheus', 'alertmanager', 'grafana', 'loki'],
          },
        ],
      },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [monitoringNamespace, nodeAgentsNamespace].map((name) => ({
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
          })),
        },
      ],
    },
  };
}

/** Makes the namespaces and the servers' policy. */
export function createNamespaces(cluster: Cluster): k8s.core.v1.Namespace[] {
  const { provider } = cluster;
  const made = namespaces().map(
    (namespace) => new k8s.core.v1.Namespace(namespace.metadata.name, namespace, { provider }),
  );
  new k8s.networking.v1.NetworkPolicy('monitoring-servers', serversPolicy(), { provider, dependsOn: made });
  return made;
}
