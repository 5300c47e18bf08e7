import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { platformRules } from '../../../infra/monitoring/rules/index.ts';
import {
  type AlertRule,
  duration,
  escalationLabel,
  isAlert,
  type RuleGroup,
  ruleFile,
} from '../../../infra/monitoring/rules/rule.ts';
import { catalog, platform, type Threshold } from '../../../tenants/catalog/index.ts';
import { backupCases } from './cases/backup.ts';
import { billingCases } from './cases/billing.ts';
import { capacityCases, databases } from './cases/capacity.ts';
import type { AlertCase, Firing, Series } from './cases/case.ts';
import { meteringCases } from './cases/metering.ts';
import { notificationCases } from './cases/notifications.ts';
import { reconcileCases } from './cases/reconcile.ts';
import { serviceCases } from './cases/service.ts';
import { sloCases } from './cases/slo.ts';
import { tenantCases } from './cases/tenants.ts';
import { workloadCases } from './cases/workloads.ts';

const escalationMinutes = 15;
const groups = platformRules({ databases });
const alerts = groups.flatMap(({ rules }) => rules.filter(isAlert));
const cases: readonly AlertCase[] = [
  ...sloCases,
  ...serviceCases,
  ...tenantCases,
  ...billingCases,
  ...notificationCases,
  ...meteringCases,
  ...reconcileCases,
  ...workloadCases,
  ...capacityCases,
  ...backupCases,
];

/** Groups whose recordings another one reads. */
const reads: Readonly<Record<string, string>> = { 'tenantry-workloads': 'tenantry-slo-tenants' };

let folder: string;
const promtool = (...parameters: string[]) =>
  promisify(execFile)(inject('tools').promtool, parameters, { cwd: folder, maxBuffer: 16 * 1024 ** 2 });

beforeAll(async () => {
  folder = join(inject('runDir'), 'rules');
  await mkdir(folder, { recursive: true });
  for (const group of groups) {
    await writeFile(join(folder, `${group.name}.yaml`), stringify(ruleFile([group], escalationMinutes)));
    await writeFile(join(folder, `${group.name}.test.yaml`), stringify(unitTests(group)));
  }
});

test('Prometheus accepts every rule', async () => {
  const files = groups.map(({ name }) => `${name}.yaml`);
  const { stdout } = await promtool('check', 'rules', '--lint=all', '--lint-fatal', ...files);
  expect(stdout.match(/SUCCESS/g)).toHaveLength(groups.length);
});

test('every alert fires when it should, not a minute sooner, and calls the next person 15 minutes later', async () => {
  const files = groups.map(({ name }) => `${name}.test.yaml`);
  // promtool prints what differs, and fails.
  await promtool('test', 'rules', ...files).catch((failure: { stdout: string; stderr: string }) =>
    expect.fail(`${failure.stdout}${failure.stderr}`),
  );
});

test('promtool would notice an alert that does not fire', async () => {
  const group = groups.find(({ name }) => name === 'tenantry-backup');
  if (!group) throw new Error('there are no rules of backups');
  const never = group.rules.map((rule) => (isAlert(rule) ? { ...rule, expr: `(${rule.expr}) < -1` } : rule));
  await writeFile(
    join(folder, 'never.yaml'),
    stringify(ruleFile([{ ...group, rules: never }], escalationMinutes)),
  );
  await writeFile(
    join(folder, 'never.test.yaml'),
    stringify({ ...unitTests(group), rule_files: ['never.yaml'] }),
  );
  await expect(promtool('test', 'rules', 'never.test.yaml')).rejects.toThrow();
});

describe('the cases', () => {
  test('have every alert fire and be silent', () => {
    const lacking = alerts.filter(({ alert }) => {
      const ofAlert = cases.filter((one) => one.alert === alert);
      return (
        !ofAlert.some(({ fires }) => fires.length > 0) || !ofAlert.some(({ silent }) => silent.length > 0)
      );
    });
    expect(lacking.map(({ alert }) => alert)).toEqual([]);
  });

  test('name alerts that there are', () => {
    const names = new Set(alerts.map(({ alert }) => alert));
    expect(cases.filter(({ alert }) => !names.has(alert))).toEqual([]);
  });
});

describe('alerts', () => {
  test('have names of their own', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  const thresholds: readonly (readonly [string, Threshold])[] = [
    ...catalog.flatMap(({ id, alerts }) =>
      Object.entries(alerts).map(([name, threshold]) => [`${id}.${name}`, threshold] as const),
    ),
    ...Object.entries(platform.alerts).map(([name, threshold]) => [`platform.${name}`, threshold] as const),
  ];

  test.each(thresholds)('there is one for the catalog’s %s, with its figure', (id, threshold) => {
    const names = alertsOfCatalog[id] ?? [];
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const rule = alerts.find(({ alert }) => alert === name);
      expect(rule?.forSeconds).toBe(threshold.forSeconds);
      const operator = { above: '>', below: '<', atMost: '<=', atLeast: '>=' }[threshold.comparison];
      const scaled = [1, 0.01, 0.001].map(
        (scale) => `${operator} ${Number((threshold.value * scale).toPrecision(6))}`,
      );
      expect(scaled.some((comparison) => rule?.expr.includes(comparison))).toBe(true);
    }
  });

  test('of every plan’s promise are made from the catalog', () => {
    const file = ruleFile(groups, escalationMinutes);
    const objectives = file.groups
      .flatMap(({ rules }) => rules)
      .filter(({ record }) => record === 'tenantry:tenant_availability:objective')
      .map(({ labels, expr }) => [labels?.plan, expr]);
    expect(objectives).toEqual([
      ['free', 'vector(0.99)'],
      ['professional', 'vector(0.995)'],
      ['business', 'vector(0.999)'],
      ['enterprise', 'vector(0.9999)'],
    ]);
  });
});

/** Which alerts answer for an alert of the catalog. */
const alertsOfCatalog: Readonly<Record<string, readonly string[]>> = {
  'workspace.memory': ['WorkspaceMemoryHigh'],
  'platform.subscriptionEnds': ['SubscriptionEnding'],
  'platform.serverErrors': ['ApiServerErrors'],
  'platform.slowAnswers': ['ApiSlow'],
  'platform.disk': ['NodeDiskLow', 'VolumeLow', 'DatabaseStorageLow'],
  'platform.certificate': ['CertificateExpiring'],
  'platform.poolExhausted': ['DatabasePoolExhausted'],
  'platform.billingSync': ['BillingSyncFailing'],
};

describe('the second call', () => {
  const written = ruleFile(groups, escalationMinutes).groups.flatMap(({ rules }) => rules);

  test.each(alerts.map((rule) => [rule.alert, rule.severity, rule] as const))(
    'of %s, which is %s, comes after 15 minutes if at all',
    (name, severity, rule) => {
      const ofAlert = written.filter(({ alert }) => alert === name);
      expect(ofAlert.map(({ labels }) => labels?.[escalationLabel.name])).toEqual(
        severity === 'critical' ? [undefined, escalationLabel.value] : [undefined],
      );
      if (severity === 'critical') expect(ofAlert[1]?.for).toBe(duration(rule.forSeconds + 15 * 60));
    },
  );
});

test.each([
  [0, '0s'],
  [90, '90s'],
  [60, '1m'],
  [900, '15m'],
  [3_600, '1h'],
  [5_400, '90m'],
  [172_800, '2d'],
])('%i seconds are written as %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

/** What promtool has to find of the alerts of a group. */
function unitTests(group: RuleGroup) {
  const tests = group.rules.filter(isAlert).flatMap((rule) =>
    cases
      .filter(({ alert }) => alert === rule.alert)
      .flatMap(({ fires, silent }) => [
        ...fires.map((firing, index) => ({
          name: `${rule.alert} fires (${index + 1})`,
          interval: '1m',
          input_series: inputs(firing.series),
          alert_rule_test: expectations(rule, firing),
        })),
        ...silent.map(({ because, series, at }) => ({
          name: `${rule.alert} is silent: ${because}`,
          interval: '1m',
          input_series: inputs(series),
          alert_rule_test: [{ eval_time: `${at}m`, alertname: rule.alert, exp_alerts: [] }],
        })),
      ]),
  );
  const other = reads[group.name];
  return {
    rule_files: [...(other ? [`${other}.yaml`] : []), `${group.name}.yaml`],
    evaluation_interval: '1m',
    // In any order otherwise, and what reads another group's series is a minute late half the time.
    group_eval_order: [...(other ? [other] : []), group.name],
    tests,
  };
}

function inputs(series: Series) {
  return Object.entries(series).map(([name, values]) => ({ series: name, values }));
}

function expectations(rule: AlertRule, firing: Firing) {
  const call = (labels: Record<string, string>, prefix = '') => ({
    exp_labels: { ...firing.labels, severity: rule.severity, ...labels },
    exp_annotations: {
      summary: prefix + firing.summary,
      description: firing.description ?? rule.description,
    },
  });
  const at = (minute: number, expected: readonly object[]) => ({
    eval_time: `${minute}m`,
    alertname: rule.alert,
    exp_alerts: expected,
  });
  const first = call({});
  const second = call(
    { [escalationLabel.name]: escalationLabel.value },
    `Nobody has reacted for ${escalationMinutes} min: `,
  );
  return [
    ...(firing.from > 0 ? [at(firing.from - 1, [])] : []),
    at(firing.from, [first]),
    // One whose value changes meanwhile says so in its text; those are warnings.
    ...(rule.severity === 'critical'
      ? [
          at(firing.from + escalationMinutes - 1, [first]),
          at(firing.from + escalationMinutes, [first, second]),
        ]
      : []),
  ];
}
