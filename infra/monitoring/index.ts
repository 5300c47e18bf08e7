/** Monitoring of a cell: metrics, dashboards, alerts and their routes, logs. */
import * as k8s from '@pulumi/kubernetes';
import { interpolate, type Output } from '@pulumi/pulumi';
import { platform } from '../../tenants/catalog/index.ts';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { Storage } from '../storage.ts';
import { prober } from './exporters/probes.ts';
import { createExporters } from './exporters.ts';
import { createDashboards, grafanaValues } from './grafana.ts';
import { createGrafanaAccess } from './grafana-access.ts';
import { createLogs } from './logs.ts';
import { createMetricsStore } from './metrics-store.ts';
import { createNamespaces, monitoringNamespace } from './namespaces.ts';
import { createNotifications } from './notifications.ts';
import {
  alertmanagerServiceAccount,
  prometheusServiceAccount,
  stackRepository,
  stackValues,
  stackVersion,
} from './prometheus.ts';
import { databaseServers, platformRules } from './rules/index.ts';
import { prometheusRule } from './rules/rule.ts';
import { podMonitor, podTargets, publicProbe } from './scraping.ts';

export interface Monitoring {
  /** Topic that sends alerts by mail. */
  readonly alertTopicArn: Output<string>;
  /** Long-term store of metrics. */
  readonly metricsEndpoint: Output<string>;
}

/** Makes the monitoring of a cell. */
export function createMonitoring(
  config: PlatformConfig,
  deps: { cluster: Cluster; keys: Keys; storage: Storage },
): Monitoring {
  const { cluster, keys, storage } = deps;
  const { provider } = cluster;
  const namespaces = createNamespaces(cluster);
  const store = createMetricsStore(config, { cluster, keys, writer: prometheusServiceAccount });
  const notifications = createNotifications(config, {
    cluster,
    keys,
    namespaces,
    serviceAccount: alertmanagerServiceAccount,
  });
  const grafana = createGrafanaAccess(config, { cluster, keys, namespaces, metricsStoreArn: store.arn });

  const stack = new k8s.helm.v3.Release(
    'kube-prometheus',
    {
      name: 'kube-prometheus',
      chart: 'kube-prometheus-stack',
      version: stackVersion,
      repositoryOpts: { repo: stackRepository },
      namespace: monitoringNamespace,
      atomic: true,
      timeout: 900,
      values: stackValues(config, {
        storageClassName: cluster.storageClassName,
        remoteWriteUrl: interpolate`${store.endpoint}api/v1/remote_write`,
        alertmanagerConfig: notifications.alertmanagerConfig,
        alertmanagerKeys: notifications.keys,
        grafana: grafanaValues(config, {
          longTermEndpoint: store.endpoint,
          secretProviderClass: grafana.secretProviderClass,
        }),
      }),
    },
    { provider, dependsOn: [...namespaces, ...cluster.ready, grafana.association] },
  );

  // The release installs their definitions.
  const afterStack = { provider, dependsOn: [stack] };
  const rules = prometheusRule({
    name: 'tenantry',
    namespace: monitoringNamespace,
    groups: platformRules({ databases: databaseServers(config) }),
    escalationMinutes: platform.escalationMinutes,
  });
  new k8s.apiextensions.CustomResource('rules', rules, afterStack);
  for (const target of podTargets) {
    new k8s.apiextensions.CustomResource(`metrics-${target.name}`, podMonitor(target), afterStack);
  }
  new k8s.apiextensions.CustomResource('public-probe', publicProbe(config, prober), afterStack);

  createDashboards(cluster, namespaces);
  createExporters(config, { cluster, namespaces });
  createLogs(config, { cluster, keys, storage, namespaces });
  return { alertTopicArn: notifications.topicArn, metricsEndpoint: store.endpoint };
}
