import { type AlertCase, type Series, steady } from './case.ts';

const gibibyte = 1024 ** 3;

function memory(namespace: string, used: string): Series {
  const container = `namespace="${namespace}",pod="workspace-0",container="workspace"`;
  return {
    [`container_memory_working_set_bytes{${container},image="code-server"}`]: used,
    // The pod's own cgroup, which counts the same bytes again.
    [`container_memory_working_set_bytes{namespace="${namespace}",pod="workspace-0",container="",image=""}`]:
      used,
    [`kube_pod_container_resource_limits{${container},resource="memory",unit="byte"}`]: steady(4 * gibibyte),
    [`kube_namespace_labels{namespace="${namespace}",label_tenantry_dev_tenant="abcd1234"}`]: steady(1),
  };
}

const used = (share: number) => steady(share * 4 * gibibyte);

/** A tenant's Deployment that was made before time began. */
function deployment(wanted: number, available: string): Series {
  const of = 'namespace="tenant-acme",deployment="stream"';
  return {
    [`kube_deployment_spec_replicas{${of}}`]: steady(wanted),
    [`kube_deployment_status_replicas_available{${of}}`]: available,
    [`kube_deployment_created{${of}}`]: steady(-3600),
    'kube_namespace_labels{namespace="tenant-acme",label_tenantry_dev_tenant="abcd1234",label_tenantry_dev_product="stream",label_tenantry_dev_plan="business"}':
      steady(1),
  };
}

export const workloadCases: readonly AlertCase[] = [
  {
    alert: 'WorkspaceMemoryHigh',
    fires: [
      {
        series: memory('beta-user-abcd1234', used(0.95)),
        from: 5,
        labels: { namespace: 'beta-user-abcd1234', pod: 'workspace-0', container: 'workspace' },
        summary: 'The workspace in beta-user-abcd1234 uses 95% of its memory',
      },
    ],
    silent: [
      { because: '90 % is not more than 90 %', series: memory('beta-user-abcd1234', used(0.9)), at: 60 },
      {
        because: 'it was over for four minutes only',
        series: memory(
          'beta-user-abcd1234',
          `${3 * gibibyte} ${4 * gibibyte}+0x3 ${3 * gibibyte}+0x60`.replaceAll('+0x3 ', '+0x3 '),
        ),
        at: 5,
      },
      { because: 'it is another product', series: memory('tenant-acme', used(0.95)), at: 60 },
    ],
  },
  {
    alert: 'TenantWorkloadUnavailable',
    fires: [
      {
        series: deployment(2, '2 2 0+0x100'),
        from: 12,
        labels: { namespace: 'tenant-acme', deployment: 'stream', label_tenantry_dev_tenant: 'abcd1234' },
        summary: 'The workload of tenant abcd1234 has had no ready pod for 10 minutes',
        description: 'In namespace tenant-acme: `kubectl describe pod` tells why (image, quota, node).',
      },
    ],
    silent: [
      { because: 'one of two pods answers', series: deployment(2, steady(1)), at: 60 },
      { because: 'it is suspended or idle', series: deployment(0, steady(0)), at: 60 },
    ],
  },
];
