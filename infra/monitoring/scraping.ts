/**
 * What Prometheus scrapes besides the chart's own targets: the control plane, Karpenter, Velero, and the edge from
 * outside.
 */
import { veleroNamespace } from '../backup/schedule.ts';
import type { PlatformConfig } from '../config.ts';
import { controlPlaneNamespace, labelsOf, workerMetrics } from '../control-plane/names.ts';
import { hostNames } from '../edge/names.ts';
import { monitoringNamespace } from './namespaces.ts';

export interface PodTarget {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the container's port. */
  readonly port: string;
}

const named = (name: string) => ({ 'app.kubernetes.io/name': name });
const ofControlPlane = (workload: 'api' | 'worker', port: string): PodTarget => ({
  name: workload,
  namespace: controlPlaneNamespace,
  labels: labelsOf(workload),
  port,
});

/** Pods of the platform that no chart announces to Prometheus. */
export const podTargets: readonly PodTarget[] = [
  ofControlPlane('api', 'http'),
  ofControlPlane('worker', workerMetrics.portName),
  { name: 'karpenter', namespace: 'kube-system', labels: named('karpenter'), port: 'http-metrics' },
  { name: 'velero', namespace: veleroNamespace, labels: named('velero'), port: 'http-monitoring' },
  {
    name: 'cloudwatch',
    namespace: monitoringNamespace,
    labels: named('cloudwatch-exporter'),
    port: 'http',
  },
];

/** A PodMonitor for pods that serve metrics at `/metrics`. */
export function podMonitor({ name, namespace, labels, port }: PodTarget) {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { name, namespace: monitoringNamespace, labels: { 'app.kubernetes.io/part-of': 'tenantry' } },
    spec: {
      namespaceSelector: { matchNames: [namespace] },
      selector: { matchLabels: { ...labels } },
      jobLabel: 'app.kubernetes.io/name',
      podMetricsEndpoints: [{ port, path: '/metrics', interval: '30s' }],
    },
  };
}

/** Job of the probes, which alerts refer to. */
export const probeJob = 'public-endpoints';

/** Requests the public name the way customers do: DNS, certificate, CloudFront, load balancer, API. */
export function publicProbe(
  config: Pick<PlatformConfig, 'domain' | 'primary' | 'region' | 'edge'>,
  prober: { readonly host: string; readonly module: string },
) {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'Probe',
    metadata: {
      name: probeJob,
      namespace: monitoringNamespace,
      labels: { 'app.kubernetes.io/part-of': 'tenantry' },
    },
    spec: {
      jobName: probeJob,
      interval: '30s',
      module: prober.module,
      prober: { url: prober.host },
      targets: { staticConfig: { static: [`https://${hostNames(config).public}/v1/products`] } },
    },
  };
}
