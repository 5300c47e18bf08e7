import * as k8s from '@pulumi/kubernetes';
import type { CustomResourceOptions } from '@pulumi/pulumi';
import { controlPlaneNamespace, platformLabels, type Workload } from './names.ts';

/** Lets one pod of a workload be down at a time while nodes are drained. */
export function createDisruptionBudget(
  name: Workload,
  selector: Record<string, string>,
  options: CustomResourceOptions,
): void {
  new k8s.policy.v1.PodDisruptionBudget(
    name,
    {
      metadata: { name, namespace: controlPlaneNamespace, labels: platformLabels },
      spec: {
        maxUnavailable: 1,
        selector: { matchLabels: selector },
        // A broken pod does not keep a node from being drained.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    },
    options,
  );
}
