import { type AlertCase, growing, type Series, steady } from './case.ts';

const requests = (code: string, perMinute: number, route = '/v1/tenants'): Series => ({
  [`tenantry_http_request_seconds_count{route="${route}",code="${code}",pod="api-1"}`]: growing(perMinute),
});

/** Answers of which `slowOfHundred` take between 0.5 and 1 s, the others less than 0.1 s. */
function durations(slowOfHundred: number, route = '/v1/tenants'): Series {
  const bucket = (le: string) =>
    `tenantry_http_request_seconds_bucket{route="${route}",code="200",le="${le}"}`;
  return {
    [bucket('0.1')]: growing(100 - slowOfHundred),
    [bucket('0.5')]: growing(100 - slowOfHundred),
    [bucket('1')]: growing(100),
    [bucket('+Inf')]: growing(100),
  };
}

const pool = (state: string, values: string): Series => ({
  [`tenantry_database_pool_connections{state="${state}",pod="api-1"}`]: values,
});

export const serviceCases: readonly AlertCase[] = [
  {
    alert: 'ApiServerErrors',
    fires: [
      {
        series: { ...requests('200', 98), ...requests('500', 2) },
        from: 1,
        labels: {},
        summary: '2% of the API’s answers are server errors',
      },
    ],
    silent: [
      { because: '1 % is allowed', series: { ...requests('200', 99), ...requests('503', 1) }, at: 30 },
      { because: 'a client’s mistake is none of ours', series: requests('404', 100), at: 30 },
    ],
  },
  {
    alert: 'ApiSlow',
    fires: [
      {
        series: durations(2),
        from: 1,
        labels: {},
        summary: 'One answer of the API in a hundred takes longer than 750ms',
      },
    ],
    silent: [
      { because: 'half a percent may be slow', series: durations(0.5), at: 30 },
      {
        because: 'event streams are meant to last',
        series: { ...durations(0), ...durations(90, '/v1/tenants/{id}/events') },
        at: 30,
      },
    ],
  },
  {
    alert: 'DatabasePoolExhausted',
    fires: [
      {
        series: { ...pool('waiting', '0 0 3+0x60'), ...pool('free', '4 4 0+0x60') },
        from: 3,
        labels: { pod: 'api-1' },
        summary: 'api-1 has no database connection left, 3 requests wait for one',
      },
    ],
    silent: [
      {
        because: 'a wait that passes is what a pool is for',
        series: { ...pool('waiting', '0 3 0 3 0 3 0 3 0 3'), ...pool('free', '4 0 4 0 4 0 4 0 4 0') },
        at: 9,
      },
    ],
  },
  {
    alert: 'WebhooksRefused',
    fires: [
      {
        series: { ...requests('400', 9, '/webhooks/stripe'), ...requests('200', 1, '/webhooks/stripe') },
        from: 11,
        labels: {},
        summary: 'Most of Stripe’s webhooks are refused',
      },
    ],
    silent: [
      {
        because: 'somebody else may try the address',
        series: { ...requests('400', 1, '/webhooks/stripe'), ...requests('200', 9, '/webhooks/stripe') },
        at: 60,
      },
    ],
  },
  {
    alert: 'ApiDown',
    fires: [{ series: {}, from: 2, labels: {}, summary: 'No replica of the API reports metrics' }],
    silent: [{ because: 'one answers', series: { 'tenantry_backlog{kind="tenants"}': steady(0) }, at: 60 }],
  },
  {
    alert: 'PublicEndpointDown',
    fires: [
      {
        series: {
          'probe_success{job="public-endpoints",instance="https://api.example.com/healthz"}': '1 1 0+0x60',
        },
        from: 4,
        labels: { job: 'public-endpoints', instance: 'https://api.example.com/healthz' },
        summary: 'https://api.example.com/healthz does not answer',
      },
    ],
    silent: [
      {
        because: 'one lost probe is no outage',
        series: {
          'probe_success{job="public-endpoints",instance="https://api.example.com/healthz"}': '1 0 1 1 1',
        },
        at: 3,
      },
    ],
  },
];
