/** The API that people and Stripe call. */
import { platform } from '../../../tenants/catalog/index.ts';
import { breaches } from './figures.ts';
import type { RuleGroup } from './rule.ts';

/** Event streams last as long as somebody watches; their duration says nothing. */
const answered = 'route!~".*/events"';

export function serviceRules(): RuleGroup {
  const errors = platform.alerts.serverErrors;
  const slow = platform.alerts.slowAnswers;
  const pool = platform.alerts.poolExhausted;
  return {
    name: 'tenantry-service',
    rules: [
      {
        record: 'tenantry:http_requests:rate5m',
        expr: 'sum by (route, code) (rate(tenantry_http_request_seconds_count[5m]))',
      },
      {
        record: 'tenantry:http_request_seconds:p99_5m',
        expr: `histogram_quantile(0.99, sum by (le) (rate(tenantry_http_request_seconds_bucket{${answered}}[5m])))`,
      },
      {
        alert: 'ApiServerErrors',
        expr: `
          sum(rate(tenantry_http_request_seconds_count{code=~"5.."}[5m]))
            / sum(rate(tenantry_http_request_seconds_count[5m])) ${breaches(errors, 0.01)}`,
        forSeconds: errors.forSeconds,
        severity: 'critical',
        summary: '{{ $value | humanizePercentage }} of the API’s answers are server errors',
        description:
          'Over the last five minutes. The dashboard “Platform health” shows the routes; the API’s log has a line for each error.',
      },
      {
        alert: 'ApiSlow',
        expr: `tenantry:http_request_seconds:p99_5m ${breaches(slow, 0.001)}`,
        forSeconds: slow.forSeconds,
        severity: 'warning',
        summary: 'One answer of the API in a hundred takes longer than {{ $value | humanizeDuration }}',
        description:
          'Over the last five minutes. Look at the database’s load and at the pool of connections first.',
      },
      {
        alert: 'DatabasePoolExhausted',
        // Two minutes in a row: a pool exists so that requests may wait for a moment.
        expr: `
          min by (pod) (min_over_time(tenantry_database_pool_connections{state="waiting"}[2m])) > 0
          and max by (pod) (max_over_time(tenantry_database_pool_connections{state="free"}[2m])) ${breaches(pool)}`,
        forSeconds: pool.forSeconds,
        severity: 'critical',
        summary: '{{ $labels.pod }} has no database connection left, {{ $value }} requests wait for one',
        description:
          'Slow queries hold connections: look for them in RDS Performance Insights, then add replicas.',
      },
      {
        alert: 'WebhooksRefused',
        expr: `
          sum(rate(tenantry_http_request_seconds_count{route="/webhooks/stripe", code=~"4.."}[10m]))
            / sum(rate(tenantry_http_request_seconds_count{route="/webhooks/stripe"}[10m])) > 0.5`,
        forSeconds: 600,
        severity: 'critical',
        summary: 'Most of Stripe’s webhooks are refused',
        description:
          'Their signatures do not fit: the webhook secret in Secrets Manager is not the one of the endpoint in Stripe. The sweep still finds every change, a minute later.',
      },
      {
        alert: 'ApiDown',
        expr: 'absent(tenantry_backlog)',
        forSeconds: 120,
        severity: 'critical',
        summary: 'No replica of the API reports metrics',
        description:
          'Stripe repeats its webhooks for three days, so that nothing is lost. Look at the pods of the API.',
      },
      {
        alert: 'PublicEndpointDown',
        expr: 'probe_success{job="public-endpoints"} == 0',
        forSeconds: 120,
        severity: 'critical',
        summary: '{{ $labels.instance }} does not answer',
        description:
          'Asked from outside the cluster’s services, through DNS and CloudFront, as customers do.',
      },
    ],
  };
}
