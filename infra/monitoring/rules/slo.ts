/**
 * Availability against what plans promise, and the alerts on how fast the error budget burns.
 *
 * A budget is the share of time (of requests, for the API) that may fail in 30 days. Its burn rate is how many times
 * faster than evenly it is used. Windows and rates are those of Google's SRE Workbook, chapter 5, "Multiwindow,
 * Multi-Burn-Rate Alerts": a page at 2 % of the budget in an hour or 5 % in six, a warning at 10 % in one day or
 * three; the shorter window lets the alert end soon after the trouble does.
 */
import { availabilityObjectives } from './figures.ts';
import type { AlertRule, RecordingRule, RuleGroup } from './rule.ts';

/** Our choice for the API: as available as the best plan on public sale. */
export const apiAvailability = 0.999;

const windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
type Window = (typeof windows)[number];

interface Burn {
  readonly rate: number;
  readonly long: Window;
  readonly short: Window;
}

const fast: readonly Burn[] = [
  { rate: 14.4, long: '1h', short: '5m' },
  { rate: 6, long: '6h', short: '30m' },
];
const slow: readonly Burn[] = [
  { rate: 3, long: '1d', short: '2h' },
  { rate: 1, long: '3d', short: '6h' },
];

/** A workload counts from five minutes after its creation: until then it is being provisioned. */
const graceSeconds = 300;

export function sloRules(): RuleGroup[] {
  return [tenantAvailability(), apiSuccess()];
}

function tenantAvailability(): RuleGroup {
  const failing = 'tenantry:tenant_unavailable:ratio';
  const objective = 'tenantry:tenant_availability:objective';
  return {
    name: 'tenantry-slo-tenants',
    rules: [
      {
        // 1 or 0 for every workload that should have pods: none while suspended or scaled to zero.
        record: 'tenantry:tenant_available:bool',
        expr: `
          (max by (namespace, deployment) (kube_deployment_status_replicas_available) > bool 0)
            and on (namespace, deployment) (kube_deployment_spec_replicas > 0)
            and on (namespace, deployment) (time() - kube_deployment_created > ${graceSeconds})
            and on (namespace) kube_namespace_labels{label_tenantry_dev_tenant!=""}`,
      },
      {
        record: failing,
        expr: `
          1 - avg by (product, plan) (
            tenantry:tenant_available:bool * on (namespace) group_left (product, plan)
              max by (namespace, product, plan) (
                label_replace(
                  label_replace(
                    kube_namespace_labels{label_tenantry_dev_tenant!=""},
                    "product", "$1", "label_tenantry_dev_product", "(.*)"
                  ),
                  "plan", "$1", "label_tenantry_dev_plan", "(.*)"
                )
              )
          )`,
      },
      ...windows.map(
        (window): RecordingRule => ({
          record: `${failing}_avg${window}`,
          expr: `avg_over_time(${failing}[${window}])`,
        }),
      ),
      ...availabilityObjectives().map(
        ({ product, plan, availability }): RecordingRule => ({
          record: objective,
          expr: `vector(${availability})`,
          labels: { product, plan },
        }),
      ),
      {
        record: 'tenantry:tenant_availability:budget_left',
        expr: `1 - avg_over_time(${failing}[30d]) / on (product, plan) (1 - ${objective})`,
      },
      ...burnAlerts({
        alert: 'TenantAvailability',
        failing: (window) => `${failing}_avg${window}`,
        matching: 'on (product, plan)',
        budget: `(1 - ${objective})`,
        subject: 'Tenants of {{ $labels.product }} {{ $labels.plan }}',
        look: 'The dashboard “Tenants” lists those without a ready pod.',
      }),
    ],
  };
}

function apiSuccess(): RuleGroup {
  const failing = 'tenantry:api_errors:ratio';
  return {
    name: 'tenantry-slo-api',
    rules: [
      ...windows.map(
        (window): RecordingRule => ({
          record: `${failing}_rate${window}`,
          expr: `
            sum(rate(tenantry_http_request_seconds_count{code=~"5.."}[${window}]))
              / sum(rate(tenantry_http_request_seconds_count[${window}]))`,
        }),
      ),
      {
        record: 'tenantry:api_availability:budget_left',
        expr: `1 - avg_over_time(${failing}_rate1h[30d]) / (1 - ${apiAvailability})`,
      },
      ...burnAlerts({
        alert: 'ApiAvailability',
        failing: (window) => `${failing}_rate${window}`,
        matching: '',
        budget: String(Number((1 - apiAvailability).toPrecision(6))),
        subject: 'The API',
        look: 'The dashboard “Platform health” tells the routes that fail.',
      }),
    ],
  };
}

function burnAlerts(slo: {
  alert: string;
  failing: (window: Window) => string;
  /** How a ratio finds its budget. */
  matching: string;
  budget: string;
  subject: string;
  look: string;
}): AlertRule[] {
  const either = (burns: readonly Burn[]) =>
    burns
      .map(({ rate, long, short }) => {
        const exceeds = (window: Window) =>
          `${slo.failing(window)} > ${slo.matching} ${rate} * ${slo.budget}`.replace(/ {2,}/g, ' ');
        return `(${exceeds(long)} and ${exceeds(short)})`;
      })
      .join(' or ');
  return [
    {
      alert: `${slo.alert}BurnsFast`,
      expr: either(fast),
      forSeconds: 120,
      severity: 'critical',
      summary: `${slo.subject}: the error budget of 30 days will not last two`,
      description: `{{ $value | humanizePercentage }} of the time is lost. ${slo.look}`,
    },
    {
      alert: `${slo.alert}BurnsSlowly`,
      expr: either(slow),
      forSeconds: 900,
      severity: 'warning',
      summary: `${slo.subject}: the error budget of 30 days will not last`,
      description: `{{ $value | humanizePercentage }} of the time is lost. ${slo.look}`,
    },
  ];
}
