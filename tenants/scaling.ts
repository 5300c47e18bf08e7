import type { ScalingPace } from './catalog/types.ts';
import { metadata } from './isolation.ts';
import { selectorLabels } from './labels.ts';
import type { HorizontalPodAutoscaler, PodDisruptionBudget, VerticalPodAutoscaler } from './manifest.ts';
import type { Tenant } from './tenant.ts';

/** Whether an autoscaler, rather than the manifest, sets the number of pods. */
export function isAutoscaled({ spec, plan }: Tenant): boolean {
  return spec.state === 'active' && plan.autoscaling !== null;
}

/**
 * The autoscaler, or null where the number of pods is fixed or the tenant is suspended.
 *
 * A plan that scales to zero has `minReplicas: 1` here, because the API refuses 0 for metrics of pods that would not exist
 * (it allows 0 only for external metrics, behind `HPAScaleToZero`, which is off by default in 1.36 and cannot be set on
 * EKS). Scaling to zero works through the Deployment: an autoscaler rests while `spec.replicas` is 0. So an idle tenant is
 * set to 0, the first session sets 1, and the autoscaler takes over from there.
 */
export function autoscaler(tenant: Tenant): HorizontalPodAutoscaler | null {
  const { autoscaling } = tenant.plan;
  if (autoscaling === null || !isAutoscaled(tenant)) return null;
  const minReplicas = Math.max(1, autoscaling.minReplicas);
  const metrics = [
    ...utilization('cpu', autoscaling.cpuUtilizationPercent),
    ...utilization('memory', autoscaling.memoryUtilizationPercent),
  ];
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(tenant, tenant.product.id),
    spec: {
      scaleTargetRef: workloadOf(tenant),
      minReplicas,
      maxReplicas: tenant.spec.throttled ? minReplicas : autoscaling.maxReplicas,
      metrics,
      behavior: {
        ...(autoscaling.scaleUp && { scaleUp: pace(autoscaling.scaleUp) }),
        ...(autoscaling.scaleDown && { scaleDown: pace(autoscaling.scaleDown) }),
      },
    },
  };
}

function workloadOf({ product }: Tenant) {
  return { apiVersion: 'apps/v1', kind: 'Deployment', name: product.id };
}

/**
 * Requests recommendations for a pod's size; null where the plan or the cell has none. They only tell the plans' authors how
 * well a size fits, and change nothing: the two autoscalers would chase each other, and a pod's size is what the plan
 * sells.
 */
export function verticalAutoscaler(tenant: Tenant): VerticalPodAutoscaler | null {
  if (!tenant.cell.verticalPodAutoscaler || !tenant.plan.autoscaling?.recommendsRequests) return null;
  return {
    apiVersion: 'autoscaling.k8s.io/v1',
    kind: 'VerticalPodAutoscaler',
    metadata: metadata(tenant, tenant.product.id),
    spec: { targetRef: workloadOf(tenant), updatePolicy: { updateMode: 'Off' } },
  };
}

function utilization(name: 'cpu' | 'memory', averageUtilization: number | undefined) {
  if (averageUtilization === undefined) return [];
  return [{ type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } }];
}

function pace({ pods, periodSeconds, stabilizationSeconds }: ScalingPace) {
  return {
    stabilizationWindowSeconds: stabilizationSeconds,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: pods, periodSeconds }],
  };
}

/**
 * Lets one pod at a time leave when nodes are drained. Null for workloads of one pod, where a budget would only block the
 * drain.
 */
export function disruptionBudget(tenant: Tenant): PodDisruptionBudget | null {
  if (tenant.plan.autoscaling === null) return null;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(tenant, tenant.product.id),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: selectorLabels(tenant) },
      // A broken pod must not keep a node from being drained.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}
