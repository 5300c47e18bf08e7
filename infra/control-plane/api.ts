/** The API: one pod for each zone, more under load, one down at a time. */
import * as k8s from '@pulumi/kubernetes';
import type { WorkloadArgs } from '../control-plane.ts';
import { createDisruptionBudget } from './disruption-budget.ts';
import { apiPort, controlPlaneNamespace, labelsOf, platformLabels } from './names.ts';
import { podTemplate } from './pods.ts';

/** The API may grow to this many times its least number of pods. */
const growth = 5;

const portName = 'http';

/** Makes the API. Returns its Service. */
export function createApi(args: WorkloadArgs): k8s.core.v1.Service {
  const { config, image, provider, after } = args;
  const { apiReplicas } = config.controlPlane;
  const metadata = { name: 'api', namespace: controlPlaneNamespace, labels: platformLabels };
  const selector = labelsOf('api');
  const options = { provider, dependsOn: [...after] };
  const deployment = new k8s.apps.v1.Deployment(
    'api',
    {
      metadata,
      spec: {
        // No number here: the autoscaler sets it.
        revisionHistoryLimit: 3,
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: podTemplate('api', {
          image,
          program: 'api/main.ts',
          environment: args.environment,
          secrets: args.secrets,
          resources: { cpu: '250m', memory: '256Mi', memoryLimit: '512Mi' },
          ports: [{ name: portName, containerPort: apiPort, protocol: 'TCP' }],
          probes: {
            startupProbe: { ...get('/healthz'), periodSeconds: 2, failureThreshold: 60 },
            // Liveness says only what an instance knows by itself: whether Stripe or the database answer is the
            // load balancer's question, and no reason to restart.
            readinessProbe: { ...get('/healthz'), periodSeconds: 5, failureThreshold: 2 },
            livenessProbe: { ...get('/healthz'), periodSeconds: 10, failureThreshold: 3 },
          },
        }),
      },
    },
    options,
  );
  new k8s.autoscaling.v2.HorizontalPodAutoscaler(
    'api',
    {
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name },
        minReplicas: apiReplicas,
        maxReplicas: apiReplicas * growth,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
      },
    },
    { ...options, dependsOn: [deployment] },
  );
  createDisruptionBudget('api', selector, options);
  return new k8s.core.v1.Service(
    'api',
    {
      metadata: {
        ...metadata,
        // The Deployment waits for ready pods; the Service need not wait for endpoints.
        annotations: { 'pulumi.com/skipAwait': 'true' },
      },
      spec: {
        type: 'ClusterIP',
        selector,
        ports: [{ name: portName, port: 80, targetPort: portName, protocol: 'TCP' }],
      },
    },
    options,
  );
}

function get(path: string) {
  return { httpGet: { path, port: portName }, timeoutSeconds: 3 };
}
