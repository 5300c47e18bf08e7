/** Names that the control plane's parts and their neighbours share. */

/** Where the control plane runs: the namespace that tenants' policies admit. */
export const controlPlaneNamespace = 'tenantry-system';

export const workloads = ['api', 'worker', 'migrate'] as const;
export type Workload = (typeof workloads)[number];

/** Labels that select the pods of a workload. */
export function labelsOf(workload: Workload): Record<string, string> {
  return { 'app.kubernetes.io/name': `tenantry-${workload}` };
}

/** On every object of the control plane. Not `managed-by: tenantry`, which marks a tenant's objects. */
export const platformLabels = { 'app.kubernetes.io/part-of': 'tenantry-platform' };

/** Priority of the control plane's pods: above tenants, which wait for room, and below what keeps nodes alive. */
export const priorityClassName = 'tenantry-control-plane';

/** Where a worker serves its metrics; Prometheus finds the port by its name. */
export const workerMetrics = { port: 9_464, portName: 'metrics' } as const;

/** Port of the API's pods. */
export const apiPort = 8080;
