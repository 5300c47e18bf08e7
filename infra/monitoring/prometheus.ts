/** Values of kube-prometheus-stack: the operator, Prometheus, Alertmanager, Grafana, and exporters of the cluster. */

import type { Input } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { ontoControlPlane } from '../karpenter/node-pools.ts';
import { longTermMetrics } from './metrics-store.ts';
import { nodeAgentsNamespace } from './namespaces.ts';

/** Version of the chart. */
export const stackVersion = '77.13.0';
/** The operator in this chart; its Go module contains the CRDs that the tests apply. */
export const operatorVersion = '0.85.0';
export const stackRepository = 'https://prometheus-community.github.io/helm-charts';

export const prometheusServiceAccount = 'prometheus';
export const alertmanagerServiceAccount = 'alertmanager';

/** Days that the Prometheus in the cluster keeps everything: error budgets look back 30. */
export const localRetentionDays = 31;

/** Labels of namespaces that rules and dashboards use; kube-state-metrics exports no others. */
const namespaceLabels = ['tenantry.dev/tenant', 'tenantry.dev/product', 'tenantry.dev/plan'] as const;

/** GiB of its volume, by environment. About 1.5 bytes a sample, two samples a minute, some 300,000 series in prod. */
const volumeGb = { dev: 20, staging: 50, prod: 100 } as const;

/** Components that EKS hides: nobody can scrape them, and EKS watches them. */
const notOurs = {
  kubeControllerManager: { enabled: false },
  kubeScheduler: { enabled: false },
  kubeEtcd: { enabled: false },
  kubeProxy: { enabled: false },
} as const;

export function stackValues(
  config: PlatformConfig,
  args: {
    storageClassName: string;
    /** Of the long-term store; ends with a slash. */
    remoteWriteUrl: Input<string>;
    alertmanagerConfig: Input<object>;
    alertmanagerKeys: { readonly secretProviderClass: string; readonly mountPath: string } | undefined;
    grafana: Input<object>;
  },
) {
  const replicas = config.environment === 'dev' ? 1 : 2;
  const volume = (storageGb: number) => ({
    volumeClaimTemplate: {
      spec: {
        storageClassName: args.storageClassName,
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: `${storageGb}Gi` } },
      },
    },
  });
  return {
    fullnameOverride: 'kube-prometheus',
    crds: { enabled: true },
    ...notOurs,
    // The chart's alerts on Kubernetes itself are good; ours are about Tenantry.
    defaultRules: { create: true, rules: { etcd: false, kubeProxy: false, kubeSchedulerAlerting: false } },
    prometheus: {
      serviceAccount: { name: prometheusServiceAccount },
      prometheusSpec: {
        replicas,
        tolerations: ontoControlPlane,
        podAntiAffinity: 'hard',
        podAntiAffinityTopologyKey: 'topology.kubernetes.io/zone',
        retention: `${localRetentionDays}d`,
        // Drops the oldest before the disk is full.
        retentionSize: `${Math.floor(volumeGb[config.environment] * 0.85)}GB`,
        scrapeInterval: '30s',
        evaluationInterval: '30s',
        // Both replicas write the same: the store keeps one of them, by these two labels.
        externalLabels: { cluster: config.cellId, region: config.region },
        replicaExternalLabelName: '__replica__',
        remoteWrite: [
          {
            url: args.remoteWriteUrl,
            sigv4: { region: config.region },
            queueConfig: { maxSamplesPerSend: 1_000, maxShards: 50, capacity: 2_500 },
            writeRelabelConfigs: [{ sourceLabels: ['__name__'], regex: longTermMetrics, action: 'keep' }],
          },
        ],
        // Objects of the whole platform, not of the chart only.
        ruleSelectorNilUsesHelmValues: false,
        podMonitorSelectorNilUsesHelmValues: false,
        serviceMonitorSelectorNilUsesHelmValues: false,
        probeSelectorNilUsesHelmValues: false,
        storageSpec: volume(volumeGb[config.environment]),
        resources: { requests: { cpu: '500m', memory: '2Gi' }, limits: { memory: '4Gi' } },
      },
    },
    alertmanager: {
      serviceAccount: { name: alertmanagerServiceAccount },
      config: args.alertmanagerConfig,
      alertmanagerSpec: {
        replicas: config.environment === 'dev' ? 1 : 3,
        tolerations: ontoControlPlane,
        podAntiAffinity: 'hard',
        podAntiAffinityTopologyKey: 'topology.kubernetes.io/zone',
        // Silences survive a restart.
        storage: volume(2),
        resources: { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '128Mi' } },
        ...(args.alertmanagerKeys && {
          volumes: [
            {
              name: 'keys',
              csi: {
                driver: 'secrets-store.csi.k8s.io',
                readOnly: true,
                volumeAttributes: { secretProviderClass: args.alertmanagerKeys.secretProviderClass },
              },
            },
          ],
          volumeMounts: [{ name: 'keys', mountPath: args.alertmanagerKeys.mountPath, readOnly: true }],
        }),
      },
    },
    grafana: args.grafana,
    'kube-state-metrics': {
      tolerations: ontoControlPlane,
      metricLabelsAllowlist: [`namespaces=[${namespaceLabels.join(',')}]`],
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    },
    'prometheus-node-exporter': {
      // It reads the node's own files, which no restricted pod may.
      namespaceOverride: nodeAgentsNamespace,
      // On the nodes of every pool.
      tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }],
      resources: { requests: { cpu: '20m', memory: '32Mi' }, limits: { memory: '64Mi' } },
    },
    prometheusOperator: {
      tolerations: ontoControlPlane,
      admissionWebhooks: { patch: { tolerations: ontoControlPlane } },
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    },
  };
}
