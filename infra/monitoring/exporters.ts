/** Exporters besides the chart's: metrics of AWS, and requests from outside. */
import * as k8s from '@pulumi/kubernetes';
import type { CustomResourceOptions } from '@pulumi/pulumi';
import { associatePods, createPodRole } from '../cluster/pod-identity.ts';
import type { Cluster } from '../cluster.ts';
import type { PlatformConfig } from '../config.ts';
import { cloudWatchActions, cloudWatchExporter } from './exporters/cloudwatch.ts';
import { type Exporter, exporterObjects } from './exporters/exporter.ts';
import { probeExporter } from './exporters/probes.ts';
import { monitoringNamespace } from './namespaces.ts';

/** Makes them; a PodMonitor of the same name scrapes each, a Probe the prober. */
export function createExporters(
  config: PlatformConfig,
  args: { cluster: Cluster; namespaces: readonly k8s.core.v1.Namespace[] },
): void {
  const { cluster } = args;
  const cloudWatch = cloudWatchExporter(config);
  const association = associatePods(cloudWatch.name, {
    clusterName: cluster.name,
    namespace: monitoringNamespace,
    serviceAccount: cloudWatch.name,
    role: createPodRole(cloudWatch.name, {
      config,
      description: 'Exporter of CloudWatch: reads figures',
      // None of these can be limited to single resources.
      permissions: { statements: [{ Action: cloudWatchActions, Resource: '*' }] },
    }),
  });
  const options = { provider: cluster.provider, dependsOn: [...args.namespaces, ...cluster.ready] };
  createExporter(cloudWatch, { ...options, dependsOn: [...options.dependsOn, association] });
  createExporter(probeExporter(), options);
}

function createExporter(exporter: Exporter, options: CustomResourceOptions): void {
  const { name } = exporter;
  const objects = exporterObjects(exporter);
  new k8s.core.v1.ServiceAccount(name, objects.serviceAccount, options);
  new k8s.core.v1.ConfigMap(name, objects.configMap, options);
  new k8s.core.v1.Service(name, objects.service, options);
  new k8s.apps.v1.Deployment(name, objects.deployment, options);
}
