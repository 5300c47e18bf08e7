import { type AlertCase, steady } from './case.ts';

const overdue = 'tenantry_notifications_overdue_seconds';
const disabled = 'tenantry_notification_endpoints_disabled';

export const notificationCases: readonly AlertCase[] = [
  {
    alert: 'WebhooksOverdue',
    fires: [
      {
        series: {
          [`${overdue}{pod="worker-1"}`]: '0 0 600+60x100',
          [`${overdue}{pod="worker-2"}`]: '0 0 600+60x100',
        },
        from: 7,
        labels: {},
        summary: 'Webhooks have been due for 15m 0s',
      },
    ],
    silent: [
      {
        because: 'each is sent within minutes',
        series: { [`${overdue}{pod="worker-1"}`]: '0 60 120 0 0 60 120 0 0 60 120 0 0 0 0' },
        at: 12,
      },
    ],
  },
  {
    alert: 'WebhookEndpointDisabled',
    fires: [
      {
        series: { [`${disabled}{pod="worker-1"}`]: '0 0 2+0x100' },
        from: 2,
        labels: {},
        summary: '2 webhook endpoints get no more events, as they failed for days or are gone',
      },
    ],
    silent: [{ because: 'all get theirs', series: { [`${disabled}{pod="worker-1"}`]: steady(0) }, at: 20 }],
  },
];
