/** What runs in tenants' namespaces. */
import { catalog, type Product } from '../../../tenants/catalog/index.ts';
import { breaches, namespacesOf } from './figures.ts';
import type { AlertRule, RuleGroup } from './rule.ts';

export function workloadRules(): RuleGroup {
  return {
    name: 'tenantry-workloads',
    rules: [
      {
        record: 'tenantry:container_memory:limit_ratio',
        expr: `
          max by (namespace, pod, container) (container_memory_working_set_bytes{container!="", image!=""})
            / max by (namespace, pod, container) (kube_pod_container_resource_limits{resource="memory"})
            and on (namespace) kube_namespace_labels{label_tenantry_dev_tenant!=""}`,
      },
      ...catalog.flatMap(memoryAlert),
      {
        alert: 'TenantWorkloadUnavailable',
        expr: `
          (tenantry:tenant_available:bool == 0)
            * on (namespace) group_left (label_tenantry_dev_tenant)
              max by (namespace, label_tenantry_dev_tenant) (kube_namespace_labels{label_tenantry_dev_tenant!=""}) + 1`,
        forSeconds: 600,
        severity: 'warning',
        summary:
          'The workload of tenant {{ $labels.label_tenantry_dev_tenant }} has had no ready pod for 10 minutes',
        description:
          'In namespace {{ $labels.namespace }}: `kubectl describe pod` tells why (image, quota, node).',
      },
    ],
  };
}

/** Where a product has its tenants' memory watched. */
function memoryAlert(product: Product): AlertRule[] {
  const { memory } = product.alerts;
  if (memory === undefined) return [];
  const name = product.id.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
  const inNamespaces = `namespace=~"${namespacesOf(product)}"`;
  return [
    {
      alert: `${name}MemoryHigh`,
      expr: `tenantry:container_memory:limit_ratio{${inNamespaces}} ${breaches(memory, 0.01)}`,
      forSeconds: memory.forSeconds,
      severity: 'warning',
      summary: `The ${product.name.toLowerCase()} in {{ $labels.namespace }} uses {{ $value | humanizePercentage }} of its memory`,
      description: 'At 100 % its processes are killed. Its user may close some, or take the larger plan.',
    },
  ];
}
