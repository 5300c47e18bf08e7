/** Names that the control plane's parts know each other by, and its neighbours know it by. */

/** Where the control plane runs: the namespace that tenants' policies let in. */
export const controlPlaneNamespace = 'tenantry-system';

export const workloads = ['api', 'worker', 'migrate'] as const;
export type Workload = (typeof workloads)[number];

/** Labels that pods of a workload are selected by. */
export function labelsOf(workload: Workload): Record<string, string> {
  return { 'app.kubernetes.io/name': `tenantry-${workload}` };
}

/** On every object of the control plane. Not `managed-by: tenantry`, which says that an object is a tenant's. */
export const platformLabels = { 'app.kubernetes.io/part-of': 'tenantry-platform' };

/** Of all pods of the control plane: above tenants, which wait for room, and below what keeps nodes alive. */
export const priorityClassName = 'tenantry-control-plane';

/** Where a worker tells its metrics; Prometheus knows the port by its name. */
export const workerMetrics = { port: 9_464, portName: 'metrics' } as const;

/** Port of the API's pods. */
export const apiPort = 8080;
