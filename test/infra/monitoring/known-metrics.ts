/** Metrics of exporters that rules and dashboards use, with the place where each exporter says that it has them. */

export interface MetricSource {
  readonly exporter: string;
  /** Documentation or source that lists them. */
  readonly source: string;
  readonly names: readonly string[];
}

export const exporterMetrics: readonly MetricSource[] = [
  {
    exporter: 'kube-state-metrics',
    source: 'github.com/kubernetes/kube-state-metrics/docs/metrics',
    names: [
      'kube_deployment_created',
      'kube_deployment_spec_replicas',
      'kube_deployment_status_replicas_available',
      'kube_namespace_labels',
      'kube_node_info',
      'kube_node_status_allocatable',
      'kube_node_status_condition',
      'kube_pod_container_resource_limits',
      'kube_pod_container_status_restarts_total',
      'kube_pod_status_phase',
      'kube_pod_status_unschedulable',
      'kube_resourcequota',
    ],
  },
  {
    exporter: 'node-exporter',
    source: 'github.com/prometheus/node_exporter/collector/fixtures/e2e-output.txt',
    names: [
      'node_cpu_seconds_total',
      'node_filesystem_avail_bytes',
      'node_filesystem_size_bytes',
      'node_memory_MemAvailable_bytes',
      'node_memory_MemTotal_bytes',
    ],
  },
  {
    exporter: 'kubelet, with cAdvisor inside',
    source: 'github.com/google/cadvisor/docs/storage/prometheus.md; k8s.io/kubernetes/pkg/kubelet/metrics',
    names: [
      'container_cpu_usage_seconds_total',
      'container_memory_working_set_bytes',
      'kubelet_volume_stats_available_bytes',
      'kubelet_volume_stats_capacity_bytes',
    ],
  },
  {
    exporter: 'Karpenter',
    source: 'karpenter.sh/docs/reference/metrics',
    names: ['karpenter_nodepools_limit', 'karpenter_nodepools_usage'],
  },
  {
    exporter: 'Velero',
    source: 'github.com/vmware-tanzu/velero/pkg/metrics/metrics.go',
    names: [
      'velero_backup_failure_total',
      'velero_backup_last_successful_timestamp',
      'velero_backup_location_status_gauge',
      'velero_backup_partial_failure_total',
      'velero_backup_validation_failure_total',
    ],
  },
  {
    exporter: 'blackbox exporter',
    source: 'github.com/prometheus/blackbox_exporter/prober',
    names: ['probe_duration_seconds', 'probe_ssl_earliest_cert_expiry', 'probe_success'],
  },
  {
    exporter: 'Prometheus itself, and recordings of kube-prometheus-stack',
    source: 'prometheus.io/docs; github.com/kubernetes-monitoring/kubernetes-mixin/rules/apps.libsonnet',
    names: [
      'ALERTS',
      'namespace_cpu:kube_pod_container_resource_requests:sum',
      'namespace_memory:kube_pod_container_resource_requests:sum',
    ],
  },
];
