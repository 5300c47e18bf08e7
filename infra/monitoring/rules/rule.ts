/** A rule as data, and how it becomes a Prometheus rule file and an object of its operator. */

/** `critical` calls somebody at night, `warning` is read in the morning. */
export type Severity = 'critical' | 'warning';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the expression must hold; 0 is at once. */
  readonly forSeconds: number;
  readonly severity: Severity;
  /** One line for a phone's screen; Prometheus fills in `{{ … }}`. */
  readonly summary: string;
  /** What it means, and the first thing to look at. */
  readonly description: string;
}

export type Rule = RecordingRule | AlertRule;

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export const isAlert = (rule: Rule): rule is AlertRule => 'alert' in rule;

/** Label of the second call, which a page makes when nobody has reacted; the routes recognise it. */
export const escalationLabel = { name: 'escalation', value: 'second' } as const;

/** A rule as Prometheus reads it. */
interface WrittenRule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly WrittenRule[] }[];
}

/**
 * The content of a rule file. Each critical alert appears twice: the second has the same name and the label
 * `escalation`, and holds only after the first has fired for `escalationMinutes`. As the names are the same,
 * silencing the alert in Alertmanager, which is how a person says that they work on it, silences the second call too.
 */
export function ruleFile(groups: readonly RuleGroup[], escalationMinutes: number): RuleFile {
  return {
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.flatMap((rule) => {
        if (!isAlert(rule)) return [written(rule)];
        return rule.severity === 'critical'
          ? [writtenAlert(rule), secondCall(rule, escalationMinutes)]
          : [writtenAlert(rule)];
      }),
    })),
  };
}

/** The same as an object of the Prometheus operator. */
export function prometheusRule(args: {
  name: string;
  namespace: string;
  groups: readonly RuleGroup[];
  escalationMinutes: number;
}) {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: args.name,
      namespace: args.namespace,
      labels: { 'app.kubernetes.io/part-of': 'tenantry' },
    },
    spec: ruleFile(args.groups, args.escalationMinutes),
  };
}

function written({ record, expr, labels }: RecordingRule): WrittenRule {
  return { record, expr: oneLine(expr), ...(labels && { labels }) };
}

function writtenAlert(rule: AlertRule): WrittenRule {
  return {
    alert: rule.alert,
    expr: oneLine(rule.expr),
    ...(rule.forSeconds > 0 && { for: duration(rule.forSeconds) }),
    labels: { severity: rule.severity },
    annotations: { summary: rule.summary, description: rule.description },
  };
}

function secondCall(rule: AlertRule, escalationMinutes: number): WrittenRule {
  const first = writtenAlert(rule);
  return {
    ...first,
    for: duration(rule.forSeconds + escalationMinutes * 60),
    labels: { ...first.labels, [escalationLabel.name]: escalationLabel.value },
    annotations: {
      ...first.annotations,
      summary: `Nobody has reacted for ${escalationMinutes} min: ${rule.summary}`,
    },
  };
}

/** Seconds as Prometheus writes a duration, in the largest unit that leaves no rest. */
export function duration(seconds: number): string {
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

function oneLine(expr: string): string {
  return expr.trim().replace(/\s+/g, ' ');
}
