import { type AlertCase, type Series, steady } from './case.ts';

/** Workloads of a plan's tenants, made before time began, of which some lose their only pod. */
function tenants(plan: string, count: number, down: { tenants: number; values: string }): Series {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => `tenant-${plan}-${index}`).flatMap((namespace, index) => [
      [`kube_deployment_spec_replicas{namespace="${namespace}",deployment="stream"}`, steady(1)],
      [
        `kube_deployment_status_replicas_available{namespace="${namespace}",deployment="stream"}`,
        index < down.tenants ? down.values : steady(1),
      ],
      [`kube_deployment_created{namespace="${namespace}",deployment="stream"}`, steady(-3600)],
      [
        `kube_namespace_labels{namespace="${namespace}",label_tenantry_dev_tenant="t${index}",label_tenantry_dev_product="stream",label_tenantry_dev_plan="${plan}"}`,
        steady(1),
      ],
    ]),
  );
}

const requests = (code: string, values: string): Series => ({
  [`tenantry_http_request_seconds_count{route="/v1/tenants",code="${code}",pod="api-1"}`]: values,
});

export const sloCases: readonly AlertCase[] = [
  {
    alert: 'TenantAvailabilityBurnsFast',
    fires: [
      {
        // 1 of 4 is down: 50 times the budget of Professional.
        series: tenants('professional', 4, { tenants: 1, values: steady(0) }),
        from: 2,
        labels: { product: 'stream', plan: 'professional' },
        summary: 'Tenants of stream professional: the error budget of 30 days will not last two',
        description: '25% of the time is lost. The dashboard “Tenants” lists those without a ready pod.',
      },
    ],
    silent: [
      {
        because: 'after hours of health it takes 18 minutes until the last one has lost 14.4 times its share',
        series: tenants('professional', 4, { tenants: 1, values: '1+0x360 0+0x100' }),
        at: 379,
      },
      {
        because: 'one in twenty is within fourteen times the budget of Free',
        series: tenants('free', 20, { tenants: 1, values: steady(0) }),
        at: 90,
      },
      {
        because: 'it is over, whatever the hour before was like',
        series: tenants('professional', 4, { tenants: 1, values: '0+0x30 1+0x100' }),
        at: 90,
      },
      {
        because: 'a tenant that is being made is not yet owed anything',
        series: {
          ...tenants('enterprise', 1, { tenants: 0, values: '' }),
          'kube_deployment_spec_replicas{namespace="tenant-new",deployment="stream"}': steady(1),
          'kube_deployment_status_replicas_available{namespace="tenant-new",deployment="stream"}': steady(0),
          'kube_deployment_created{namespace="tenant-new",deployment="stream"}': steady(0),
          'kube_namespace_labels{namespace="tenant-new",label_tenantry_dev_tenant="new",label_tenantry_dev_product="stream",label_tenantry_dev_plan="enterprise"}':
            steady(1),
        },
        at: 5,
      },
    ],
  },
  {
    alert: 'TenantAvailabilityBurnsSlowly',
    fires: [
      {
        // 1 of 25: four times the budget of Free.
        series: tenants('free', 25, { tenants: 1, values: steady(0) }),
        from: 15,
        labels: { product: 'stream', plan: 'free' },
        summary: 'Tenants of stream free: the error budget of 30 days will not last',
        description: '4% of the time is lost. The dashboard “Tenants” lists those without a ready pod.',
      },
    ],
    silent: [
      {
        because: 'one in two hundred is half of what Free may lose',
        series: tenants('free', 200, { tenants: 1, values: steady(0) }),
        at: 60,
      },
    ],
  },
  {
    alert: 'ApiAvailabilityBurnsFast',
    fires: [
      {
        series: { ...requests('200', '0+95x100'), ...requests('500', '0+5x100') },
        from: 3,
        labels: {},
        summary: 'The API: the error budget of 30 days will not last two',
        description: '5% of the time is lost. The dashboard “Platform health” tells the routes that fail.',
      },
    ],
    silent: [
      {
        because: 'five in a thousand are a matter for the morning',
        series: { ...requests('200', '0+995x100'), ...requests('500', '0+5x100') },
        at: 90,
      },
    ],
  },
  {
    alert: 'ApiAvailabilityBurnsSlowly',
    fires: [
      {
        series: { ...requests('200', '0+995x100'), ...requests('500', '0+5x100') },
        from: 16,
        labels: {},
        summary: 'The API: the error budget of 30 days will not last',
        description: '0.5% of the time is lost. The dashboard “Platform health” tells the routes that fail.',
      },
    ],
    silent: [
      {
        because: 'one in two thousand is what may be lost',
        series: { ...requests('200', '0+1999x100'), ...requests('500', '0+1x100') },
        at: 90,
      },
    ],
  },
];
