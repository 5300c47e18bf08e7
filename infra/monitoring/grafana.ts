/** Grafana: stateless; its dashboards and data sources are files. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as k8s from '@pulumi/kubernetes';
import type { Input } from '@pulumi/pulumi';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import { ontoControlPlane } from '../karpenter/node-pools.ts';
import { monitoringNamespace } from './namespaces.ts';

export const grafanaServiceAccount = 'grafana';

/** Uids of data sources, which the dashboards refer to. */
export const dataSources = { metrics: 'prometheus', longTerm: 'long-term', logs: 'logs' } as const;

/** Files in `dashboards/`, without their extension. */
export const dashboardNames = ['platform-health', 'tenants', 'billing', 'capacity'] as const;

const dashboardLabel = 'grafana_dashboard';

/** A dashboard's file, as it is. */
export function dashboardText(name: (typeof dashboardNames)[number]): string {
  return readFileSync(join(import.meta.dirname, 'dashboards', `${name}.json`), 'utf8');
}

/** The object in which Grafana's sidecar finds a dashboard. */
export function dashboardObject(name: (typeof dashboardNames)[number]) {
  return {
    metadata: {
      name: `dashboard-${name}`,
      namespace: monitoringNamespace,
      labels: { [dashboardLabel]: '1', 'app.kubernetes.io/part-of': 'tenantry' },
      annotations: { grafana_folder: 'Tenantry' },
    },
    data: { [`${name}.json`]: dashboardText(name) },
  };
}

/** Makes the dashboards. */
export function createDashboards(
  cluster: Cluster,
  namespaces: readonly k8s.core.v1.Namespace[],
): k8s.core.v1.ConfigMap[] {
  return dashboardNames.map(
    (name) =>
      new k8s.core.v1.ConfigMap(`dashboard-${name}`, dashboardObject(name), {
        provider: cluster.provider,
        dependsOn: [...namespaces],
      }),
  );
}

/**
 * The chart's values for Grafana. People reach it by `kubectl port-forward` only, so EKS has already authenticated them. The
 * CSI driver mounts the administrator's password as a file.
 */
export function grafanaValues(
  config: Pick<PlatformConfig, 'region' | 'monitoring'>,
  args: {
    longTermEndpoint: Input<string>;
    /** Mounts the file `password`. */
    secretProviderClass: string;
  },
) {
  const passwordFolder = '/etc/grafana/admin';
  return {
    fullnameOverride: 'grafana',
    tolerations: ontoControlPlane,
    serviceAccount: { name: grafanaServiceAccount },
    // The chart runs it as root, for a disk that does not exist here.
    initChownData: { enabled: false },
    persistence: { enabled: false },
    testFramework: { enabled: false },
    env: { GF_SECURITY_ADMIN_USER: 'admin', GF_SECURITY_ADMIN_PASSWORD__FILE: `${passwordFolder}/password` },
    extraSecretMounts: [
      {
        name: 'admin',
        mountPath: passwordFolder,
        readOnly: true,
        csi: {
          driver: 'secrets-store.csi.k8s.io',
          readOnly: true,
          volumeAttributes: { secretProviderClass: args.secretProviderClass },
        },
      },
    ],
    'grafana.ini': {
      analytics: { check_for_updates: false, reporting_enabled: false, feedback_links_enabled: false },
      auth: { sigv4_auth_enabled: true },
      'auth.anonymous': { enabled: false },
      users: { allow_sign_up: false, default_theme: 'system' },
      security: { disable_gravatar: true, cookie_secure: true },
    },
    // The chart's own dashboards of Kubernetes stay beside ours.
    defaultDashboardsEnabled: true,
    sidecar: {
      dashboards: {
        enabled: true,
        label: dashboardLabel,
        labelValue: '1',
        folderAnnotation: 'grafana_folder',
        provider: { foldersFromFilesStructure: true, allowUiUpdates: false },
      },
      datasources: { defaultDatasourceEnabled: true, uid: dataSources.metrics },
    },
    additionalDataSources: [
      {
        name: 'Long term',
        uid: dataSources.longTerm,
        type: 'prometheus',
        access: 'proxy',
        url: args.longTermEndpoint,
        jsonData: {
          httpMethod: 'POST',
          sigV4Auth: true,
          sigV4AuthType: 'default',
          sigV4Region: config.region,
        },
      },
      logSource(config),
    ],
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
  };
}

function logSource(config: Pick<PlatformConfig, 'region' | 'monitoring'>) {
  const source = { name: 'Logs', uid: dataSources.logs, access: 'proxy' } as const;
  switch (config.monitoring.logs) {
    case 'loki':
      return { ...source, type: 'loki', url: `http://loki.${monitoringNamespace}.svc:3100` };
    case 'cloudwatch':
      return {
        ...source,
        type: 'cloudwatch',
        jsonData: { authType: 'default', defaultRegion: config.region },
      };
  }
}
