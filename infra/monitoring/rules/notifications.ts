/** Webhooks to endpoints of others. */
import type { RuleGroup } from './rule.ts';

export function notificationRules(): RuleGroup {
  return {
    name: 'tenantry-notifications',
    rules: [
      {
        alert: 'WebhooksOverdue',
        // A delivery whose worker died is due again a minute later, and each sweep rings for it.
        expr: 'min(tenantry_notifications_overdue_seconds) > 300',
        forSeconds: 5 * 60,
        severity: 'warning',
        summary: 'Webhooks have been due for {{ $value | humanizeDuration }}',
        description:
          'No worker sends them: see whether workers run, and whether their log says why a delivery could not be noted.',
      },
      {
        alert: 'WebhookEndpointDisabled',
        expr: 'max(tenantry_notification_endpoints_disabled) > 0',
        forSeconds: 0,
        severity: 'warning',
        summary: '{{ $value }} webhook endpoints get no more events, as they failed for days or are gone',
        description:
          '`tenantry notifications list` says which. Whoever runs one fixes it, then `enable` and `replay` send what it missed; `remove` ends it.',
      },
    ],
  };
}
