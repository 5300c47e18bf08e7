/** The workers: take jobs from PostgreSQL and converge tenants. */
import * as k8s from '@pulumi/kubernetes';
import type { WorkloadArgs } from '../control-plane.ts';
import { createDisruptionBudget } from './disruption-budget.ts';
import { kubeconfigFile, workerHome } from './environment.ts';
import { controlPlaneNamespace, labelsOf, platformLabels, workerMetrics } from './names.ts';
import { podTemplate } from './pods.ts';

const alive = { httpGet: { path: '/metrics', port: workerMetrics.portName }, timeoutSeconds: 10 };

/** Makes the workers. */
export function createWorkers(args: WorkloadArgs, kubeconfig: k8s.core.v1.ConfigMap): void {
  const { config, image, provider, after } = args;
  const { workerReplicas } = config.controlPlane;
  const metadata = { name: 'worker', namespace: controlPlaneNamespace, labels: platformLabels };
  const selector = labelsOf('worker');
  const options = { provider, dependsOn: [...after, kubeconfig] };
  new k8s.apps.v1.Deployment(
    'worker',
    {
      metadata,
      spec: {
        replicas: workerReplicas,
        revisionHistoryLimit: 3,
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
        template: podTemplate('worker', {
          image,
          program: 'automation/worker.ts',
          environment: args.environment,
          secrets: args.secrets,
          // Three runners with an engine each: 200 MB for a runner's SDKs, 110 MB for an engine, 130 MB for the
          // Kubernetes plugin, and as much again for peaks.
          resources: { cpu: '1', memory: '2Gi', memoryLimit: '3Gi' },
          ports: [{ name: workerMetrics.portName, containerPort: workerMetrics.port, protocol: 'TCP' }],
          probes: {
            // It serves metrics once it has its databases; meanwhile runners that warm up use the processor.
            startupProbe: { ...alive, periodSeconds: 5, failureThreshold: 60 },
            // A process that hangs is replaced after two minutes; a busy one answers in time.
            livenessProbe: { ...alive, periodSeconds: 30, failureThreshold: 4 },
          },
          usesCluster: true,
          // Running engines are stopped; the next worker takes up their tenants.
          terminationGraceSeconds: 60,
          volumes: [
            { name: 'home', emptyDir: { sizeLimit: '4Gi' } },
            { name: 'kubeconfig', configMap: { name: kubeconfig.metadata.name } },
          ],
          mounts: [
            { name: 'home', mountPath: workerHome },
            { name: 'kubeconfig', mountPath: kubeconfigFile, subPath: 'kubeconfig', readOnly: true },
          ],
        }),
      },
    },
    options,
  );
  createDisruptionBudget('worker', selector, options);
}
