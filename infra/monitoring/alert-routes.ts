/** Which alert goes to whom, as Alertmanager's configuration. */
import { escalationLabel } from './rules/rule.ts';

/** The available ways to people. */
export interface Receivers {
  /** SNS topic that sends e-mails; it always exists, so that every alert has a reader. */
  readonly topicArn: string;
  readonly region: string;
  /** Files with routing keys of PagerDuty (Events API v2), where there is one. */
  readonly onCallKeyFile?: string;
  readonly escalationKeyFile?: string;
  /** Name of the cell, at the top of every message. */
  readonly cell: string;
}

export const receiverNames = {
  nobody: 'nobody',
  team: 'team',
  onCall: 'on-call',
  escalation: 'escalation',
} as const;

const matchers = (...of: readonly string[]) => ({ matchers: of });
const second = `${escalationLabel.name} = "${escalationLabel.value}"`;

/**
 * Alertmanager's configuration. Warnings go to the team's mailbox. A critical alert calls the person on call; its
 * second call after 15 minutes, an alert of its own, calls the next person.
 */
export function alertmanagerConfig(receivers: Receivers) {
  return {
    route: {
      receiver: receiverNames.team,
      group_by: ['alertname', 'product', 'plan', escalationLabel.name],
      group_wait: '30s',
      group_interval: '5m',
      repeat_interval: '12h',
      routes: [
        // They say that alerting works, or help to mute others: not for people.
        { ...matchers('alertname =~ "Watchdog|InfoInhibitor"'), receiver: receiverNames.nobody },
        { ...matchers('severity = "info"'), receiver: receiverNames.nobody },
        {
          ...matchers(second),
          receiver: receiverNames.escalation,
          // It has already waited long enough.
          group_wait: '0s',
          repeat_interval: '30m',
        },
        {
          ...matchers('severity = "critical"'),
          receiver: receiverNames.onCall,
          group_wait: '10s',
          repeat_interval: '1h',
        },
      ],
    },
    inhibit_rules: [
      {
        // What already calls somebody need not be mailed as well.
        source_matchers: ['severity = "critical"'],
        target_matchers: ['severity = "warning"'],
        equal: ['alertname', 'namespace', 'product', 'plan'],
      },
      {
        // The chart's own rules mute mere information this way.
        source_matchers: ['alertname = "InfoInhibitor"'],
        target_matchers: ['severity = "info"'],
        equal: ['namespace'],
      },
    ],
    receivers: [
      { name: receiverNames.nobody },
      { name: receiverNames.team, sns_configs: [mail(receivers)] },
      { name: receiverNames.onCall, ...calls(receivers, receivers.onCallKeyFile) },
      {
        name: receiverNames.escalation,
        ...calls(receivers, receivers.escalationKeyFile ?? receivers.onCallKeyFile),
      },
    ],
  };
}

/** Who cannot be called gets mail. */
function calls(receivers: Receivers, keyFile: string | undefined) {
  if (keyFile === undefined) return { sns_configs: [mail(receivers)] };
  return {
    pagerduty_configs: [
      {
        routing_key_file: keyFile,
        send_resolved: true,
        client: 'Tenantry',
        severity: '{{ if eq .GroupLabels.escalation "second" }}critical{{ else }}error{{ end }}',
        description: `[${receivers.cell}] {{ range .Alerts.Firing }}{{ .Annotations.summary }} {{ end }}`,
        group: receivers.cell,
        class: '{{ .GroupLabels.alertname }}',
        details: { description: '{{ range .Alerts.Firing }}{{ .Annotations.description }} {{ end }}' },
      },
    ],
  };
}

function mail({ topicArn, region, cell }: Receivers) {
  return {
    topic_arn: topicArn,
    sigv4: { region },
    send_resolved: true,
    // SNS refuses subjects longer than 100 characters.
    subject: `[${cell}] {{ .Status | toUpper }} {{ .GroupLabels.alertname }}`,
    message:
      '{{ range .Alerts }}{{ .Labels.severity }} {{ .Labels.alertname }} ({{ .Status }})\n{{ .Annotations.summary }}\n{{ .Annotations.description }}\n\n{{ end }}',
  };
}
