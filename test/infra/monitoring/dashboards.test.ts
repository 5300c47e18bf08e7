import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dashboard, DataQuery, Panel } from '@grafana/schema';
import ts from 'typescript';
import { describe, expect, inject, test } from 'vitest';
import { measureRequests } from '../../../api/http-metrics.ts';
import { createMetrics } from '../../../api/metrics.ts';
import { observeStripeEvents } from '../../../automation/billing/events/metrics.ts';
import { observeMetering } from '../../../automation/metering/metrics.ts';
import { observeNotifications } from '../../../automation/notify/work.ts';
import { observeFindings } from '../../../automation/reconcile/metrics.ts';
import { openDatabase } from '../../../automation/store/database.ts';
import { observePool } from '../../../automation/store/pool-metrics.ts';
import { createWorkerMetrics } from '../../../automation/worker/metrics.ts';
import { cloudWatchMetricNames } from '../../../infra/monitoring/exporters/cloudwatch.ts';
import {
  dashboardNames,
  dashboardObject,
  dashboardText,
  dataSources,
} from '../../../infra/monitoring/grafana.ts';
import { longTermMetrics } from '../../../infra/monitoring/metrics-store.ts';
import { platformRules } from '../../../infra/monitoring/rules/index.ts';
import { isAlert } from '../../../infra/monitoring/rules/rule.ts';
import { exporterMetrics } from './known-metrics.ts';
import { readQuery } from './promql.ts';

const rules = platformRules({ databases: [{ identifier: 'main', storageGb: 100 }] }).flatMap(
  (group) => group.rules,
);
const recorded = rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record]));

interface Query extends DataQuery {
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}

const dashboards = dashboardNames.map(
  (name) => [name, JSON.parse(dashboardText(name)) as Dashboard] as const,
);
const panelsOf = (dashboard: Dashboard) =>
  (dashboard.panels ?? []).filter((panel): panel is Panel => panel.type !== 'row');
const queriesOf = (dashboard: Dashboard) =>
  panelsOf(dashboard).flatMap((panel) =>
    ((panel.targets ?? []) as unknown as Query[]).map((query) => ({ panel: panel.title ?? '', ...query })),
  );
const queries = dashboards.flatMap(([name, dashboard]) =>
  queriesOf(dashboard).map((query) => ({ name: `${name}: ${query.panel} ${query.refId}`, query })),
);

/** Every metric that API and worker register, asked of their own registries. */
function ownMetrics(): string[] {
  // Nothing is asked of it: names are known before the first scrape.
  const database = openDatabase('postgres://nobody@127.0.0.1:1/none');
  const api = createMetrics(database);
  measureRequests(api.registry);
  observePool(api.registry, database.pool);
  const worker = createWorkerMetrics({ runners: 1 });
  observeStripeEvents(worker.registry, database);
  observeMetering(worker.registry, database, () => new Date());
  observeFindings(worker.registry, database, () => new Date());
  observeNotifications(worker.registry, database, () => new Date());
  return [api.registry, worker.registry]
    .flatMap((registry) => registry.getMetricsAsArray())
    .flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]);
}

const known = new Set([
  ...ownMetrics(),
  ...recorded,
  ...cloudWatchMetricNames(),
  ...exporterMetrics.flatMap(({ names }) => names),
]);

describe('what rules and dashboards ask for', () => {
  test('exists: it is recorded, or a program tells it', () => {
    const asked = [...rules.map(({ expr }) => expr), ...queries.map(({ query }) => query.expr)];
    const unknown = asked.flatMap((expr) => readQuery(expr).metrics).filter((metric) => !known.has(metric));
    expect([...new Set(unknown)]).toEqual([]);
  });

  test('and every exporter’s metric on the list is asked for', () => {
    const asked = new Set(
      [...rules.map(({ expr }) => expr), ...queries.map(({ query }) => query.expr)].flatMap(
        (expr) => readQuery(expr).metrics,
      ),
    );
    expect(exporterMetrics.flatMap(({ names }) => names).filter((name) => !asked.has(name))).toEqual([]);
    expect(cloudWatchMetricNames().filter((name) => !asked.has(name))).toEqual([]);
  });

  test('every recording is read by a rule or shown', () => {
    const asked = new Set(
      [...rules.map(({ expr }) => expr), ...queries.map(({ query }) => query.expr)].flatMap(
        (expr) => readQuery(expr).metrics,
      ),
    );
    expect([...new Set(recorded)].filter((name) => !asked.has(name))).toEqual([]);
  });
});

describe('dashboards', () => {
  test('are four, each with an address of its own', () => {
    expect(dashboards.map(([, { uid }]) => uid)).toEqual([
      'tenantry-platform-health',
      'tenantry-tenants',
      'tenantry-billing',
      'tenantry-capacity',
    ]);
  });

  test('are of the schema that Grafana publishes', async () => {
    expect(await schemaErrors(dashboards.map(([name]) => dashboardText(name)))).toEqual([]);
  });

  test('and a wrong one is noticed', async () => {
    const [first = ''] = dashboards.map(([name]) => dashboardText(name));
    const wrong = [
      first.replace('"graphTooltip"', '"graphTooltips"'),
      first.replace('"palette-classic"', '"rainbow"'),
    ];
    for (const text of wrong) expect(await schemaErrors([text])).not.toEqual([]);
  });

  test.each(dashboards)('%s has panels with ids of their own that do not overlap', (_name, dashboard) => {
    const all = dashboard.panels ?? [];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const taken = new Map<string, string>();
    for (const { gridPos, title = '' } of all) {
      if (!gridPos) throw new Error(`${title} has no place`);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x} ${y}`), `${title} lies on another panel`).toBeUndefined();
          taken.set(`${x} ${y}`, title);
        }
      }
    }
  });

  test.each(dashboards)('%s asks data sources that Grafana has', (_name, dashboard) => {
    const uids = queriesOf(dashboard).map(({ datasource }) => datasource.uid);
    expect(uids.filter((uid) => uid !== dataSources.metrics && uid !== dataSources.longTerm)).toEqual([]);
  });

  test('ask the long-term store only for what it is given', () => {
    const kept = new RegExp(`^(${longTermMetrics})$`);
    const missing = queries
      .filter(({ query }) => query.datasource.uid === dataSources.longTerm)
      .flatMap(({ query }) => readQuery(query.expr).metrics)
      .filter((metric) => !kept.test(metric));
    expect(missing).toEqual([]);
  });

  test.each(queries.map(({ name, query }) => [name, query.expr] as const))('%s is PromQL', (_name, expr) => {
    expect(readQuery(expr).errors).toEqual([]);
  });

  test.each(dashboardNames)('%s is found by Grafana’s sidecar and fits an object', (name) => {
    const object = dashboardObject(name);
    expect(object.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(JSON.stringify(object).length).toBeLessThan(1_000_000);
  });
});

/**
 * What TypeScript says of the texts as values of Grafana's type. Its enumerations of words are taken as the words, and
 * a threshold's first value as nothing, which is how JSON writes minus infinity.
 */
async function schemaErrors(texts: readonly string[]): Promise<string[]> {
  const file = join(inject('runDir'), `dashboards-${Math.random().toString(36).slice(2)}.ts`);
  const schema = join(import.meta.dirname, '../../../node_modules/@grafana/schema/dist/types/index.d.ts');
  await writeFile(
    file,
    `import type { Dashboard, Threshold } from ${JSON.stringify(schema.replace('.d.ts', '.js'))};
     type Written<T> = T extends string ? \`\${T}\` : T extends Threshold ? { value: number | null; color: string }
       : T extends readonly (infer U)[] ? Written<U>[] : T extends object ? { [K in keyof T]: Written<T[K]> } : T;
     ${texts.map((text, index) => `export const dashboard${index}: Written<Dashboard> = ${text};`).join('\n')}`,
  );
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  return program
    .getSemanticDiagnostics(program.getSourceFile(file))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
