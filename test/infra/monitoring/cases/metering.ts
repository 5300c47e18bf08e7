import { type AlertCase, steady } from './case.ts';

const age = 'tenantry_usage_last_sample_age_seconds';
const unreported = 'tenantry_usage_unreported_age_seconds';

export const meteringCases: readonly AlertCase[] = [
  {
    alert: 'MeteringStopped',
    fires: [
      {
        series: {
          [`${age}{cell="eu",pod="worker-1"}`]: '0+60x100',
          [`${age}{cell="eu",pod="worker-2"}`]: '30+60x100',
        },
        from: 21,
        labels: { cell: 'eu' },
        summary: 'Nothing has been measured in cell eu for a quarter of an hour',
      },
    ],
    silent: [
      {
        because: 'another cell is nobody’s trouble',
        series: { [`${age}{cell="us",pod="worker-1"}`]: steady(299) },
        at: 60,
      },
      {
        because: 'a worker that cannot be scraped tells an old age',
        series: {
          [`${age}{cell="eu",pod="worker-1"}`]: '0+60x100',
          [`${age}{cell="eu",pod="worker-2"}`]: steady(120),
        },
        at: 60,
      },
    ],
  },
  {
    alert: 'MeteringGap',
    fires: [
      {
        series: { 'tenantry_usage_gap_seconds{cell="eu",pod="worker-1"}': '0 0 0 600+0x100' },
        from: 3,
        labels: { cell: 'eu' },
        summary: '10m 0s of the last day were not measured in cell eu',
      },
    ],
    silent: [
      {
        because: 'everything was measured',
        series: { 'tenantry_usage_gap_seconds{cell="eu",pod="worker-1"}': steady(0) },
        at: 10,
      },
    ],
  },
  {
    alert: 'UsageUnreported',
    fires: [
      {
        series: {
          [`${unreported}{pod="worker-1"}`]: '21420+60x100',
          [`${unreported}{pod="worker-2"}`]: steady(0),
        },
        from: 4,
        labels: {},
        summary: 'Stripe was not told of use for hours after its day was over',
      },
    ],
    silent: [
      {
        because: 'a day that has just ended is told after an hour',
        series: { [`${unreported}{pod="worker-1"}`]: '0+60x90' },
        at: 90,
      },
    ],
  },
  {
    alert: 'UsageOverreported',
    fires: [
      {
        series: { 'tenantry_usage_overreported{pod="worker-1"}': steady(2) },
        from: 60,
        labels: {},
        summary: 'Stripe has more use of 2 days of tenants than there was',
      },
    ],
    silent: [
      {
        because: 'what can be corrected is, within minutes',
        series: { 'tenantry_usage_overreported{pod="worker-1"}': '2x20 0x100' },
        at: 70,
      },
    ],
  },
];
