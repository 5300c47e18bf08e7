/**
 * A real change, seen in both stores: tenants that an earlier version of the program made on a real cluster, with
 * states in a file backend and rows in PostgreSQL, previewed with this version.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newTenantId } from '../../automation/desired/tenant-id.ts';
import { documentOf } from '../../automation/preview/document.ts';
import { type FleetAccess, openFleet } from '../../automation/preview/fleet/access.ts';
import { previewByEngine } from '../../automation/preview/fleet/engine.ts';
import { type FleetReport, groupLosesData, previewFleet } from '../../automation/preview/fleet/fleet.ts';
import { loadProgram, type ProgramVersion } from '../../automation/preview/fleet/program-version.ts';
import { standUp } from '../../automation/preview/fleet/sample.ts';
import { markdownOf } from '../../automation/preview/markdown.ts';
import { openBlockers, type PreviewReport } from '../../automation/preview/report.ts';
import type { RunnerPool } from '../../automation/stacks/runners.ts';
import { findProduct, namespaceFor } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import { startPlace, type TestPlace } from './place.ts';
import { multiply } from './rows.ts';
import { specOf } from './specs.ts';
import { thisRoot, type Variation, variationOf } from './variation.ts';

const engines = 2;
const endings: (() => Promise<unknown>)[] = [];
let started: TestPlace;
let access: FleetAccess;
let before: Variation;
let runners: RunnerPool;
let versions: { base: ProgramVersion; head: ProgramVersion };
let workspace: TenantSpec;
let inbox: TenantSpec;
let report: FleetReport;

/** A tenant that exists nowhere else on the run's cluster. */
function realSpec(product: ProductId): TenantSpec {
  const tenantId = newTenantId();
  const slug = `preview-${tenantId}`;
  const found = findProduct(product);
  if (!found) throw new Error(`no product ${product}`);
  return specOf(1, { product, tenantId, slug, namespace: namespaceFor(found, { tenantId, slug }) });
}

const previewWith = (overrides: Partial<Parameters<typeof previewFleet>[0]> = {}) =>
  previewFleet({
    database: access.database,
    versions,
    previewTenant: previewByEngine(access.database, runners),
    cells: ['local'],
    maxPreviews: 20,
    concurrency: engines,
    onProgress: () => {},
    ...overrides,
  });

beforeAll(async () => {
  started = await startPlace();
  endings.push(started.close);
  // The previous state: volumes of another name, pods with less time to end, and a label that is dropped now.
  before = await variationOf({
    'storage.ts': [["volumeClaimName = 'home'", "volumeClaimName = 'data'"]],
    'workload.ts': [['revisionHistoryLimit: 2', 'revisionHistoryLimit: 1']],
  });
  endings.push(before.remove);
  access = await openFleet(started.place, { env: started.env, engines, onProgress: () => {} });
  endings.push(access.close);
  workspace = realSpec('workspace');
  inbox = realSpec('inbox');
  const old = await access.runners(before.root);
  await standUp([workspace, inbox], { database: access.database, runners: old, engines });
  await old.close();
  // Hundreds more of the same, as rows: nothing may need their stacks.
  await multiply(access.database, workspace.tenantId, 500);
  await multiply(access.database, inbox.tenantId, 411);
  const programs = await Promise.all([loadProgram(before.root), loadProgram(thisRoot)]);
  endings.push(...programs.map((program) => program.close));
  versions = { base: programs[0], head: programs[1] };
  runners = await access.runners(thisRoot);
  report = await previewWith();
});

afterAll(async () => {
  for (const { spec, stackSettings } of await stacks()) {
    const runner = await runners.acquire();
    await runner.run({ kind: 'destroy', spec, stackSettings }, { timeoutMs: 60_000, permitMs: 60_000 });
    runner.release();
  }
  for (const end of endings.reverse()) await end();
});

async function stacks() {
  const { rows } = await access.database.query(
    'select desired_spec as spec, stack_settings as "stackSettings" from tenantry.tenant where stack_settings is not null',
  );
  return rows;
}

const whole = (fleet: FleetReport, allowed: PreviewReport['allowed'] = []): PreviewReport => ({
  base: 'aaaaaaa',
  head: 'bbbbbbb',
  platform: null,
  fleet: { kind: 'previewed', source: 'installation', report: fleet },
  allowed,
  durationMs: 4200,
});

describe('a change of the program for tenants that stand', () => {
  test('is one group where it does the same, with the gravest first', () => {
    expect(report.tenants).toBe(501 + 412);
    expect(report.groups.map(({ tenants, effect }) => [tenants, effect.kind])).toEqual([
      [501, 'steps'],
      [412, 'steps'],
    ]);
    expect(report.groups.map(groupLosesData)).toEqual([true, false]);
  });

  test('has one preview of a real engine for each group, which agrees with what the programs say', () => {
    const [volumes, pods] = report.groups;
    expect(volumes?.preview).toMatchObject({
      kind: 'previewed',
      tenantId: workspace.tenantId,
      asExpected: true,
    });
    expect(pods?.preview).toMatchObject({ kind: 'previewed', tenantId: inbox.tenantId, asExpected: true });
    const steps = volumes?.preview.kind === 'previewed' ? volumes.preview.steps : [];
    expect(steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      'create PersistentVolumeClaim/home',
      'delete PersistentVolumeClaim/data',
      'update Deployment/workspace',
    ]);
  });

  test('changes nothing by being previewed: neither states nor rows', async () => {
    const folder = join(fileURLToPath(started.place.backendUrl), '.pulumi', 'stacks', 'tenantry');
    const states = async () =>
      Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
    const rows = async () => (await access.database.query('select * from tenantry.tenant order by id')).rows;
    const [statesBefore, rowsBefore] = [await states(), await rows()];
    await previewWith();
    expect(await states()).toEqual(statesBefore);
    expect(await rows()).toEqual(rowsBefore);
  });

  test('blocks while volumes would go, until somebody allows it', () => {
    expect(openBlockers(whole(report)).map(({ message }) => message)).toEqual([
      '501 tenants: volume deleted',
    ]);
    expect(openBlockers(whole(report, ['destructive']))).toEqual([]);
  });

  test('reads well as a comment', async () => {
    const ids = [workspace.tenantId, inbox.tenantId];
    const comment = ids.reduce(
      (text, id, index) => text.replaceAll(id, `tenant${index}`),
      markdownOf(whole(report)),
    );
    await expect(comment).toMatchFileSnapshot('comment-fleet.md');
  });

  test('tells no secret: the password of a database is in no comment and no report', async () => {
    const { rows } = await access.database.query<{ spec: TenantSpec }>(
      'select desired_spec as spec from tenantry.tenant where id = $1',
      [inbox.tenantId],
    );
    expect(rows[0]?.spec.dataIsolation).not.toBe('none');
    // Everything that the engine sees of the secret, made visible by a change of it.
    const secretive = await variationOf({
      'data.ts': [['    stringData,', '    stringData: { address: stringData.url, ...stringData },']],
    });
    endings.push(secretive.remove);
    const program = await loadProgram(secretive.root);
    endings.push(program.close);
    const told = await previewWith({
      versions: { base: versions.head, head: program },
      previewTenant: previewByEngine(access.database, await access.runners(secretive.root)),
    });
    const [group] = told.groups.filter(({ parts }) => parts.some(({ product }) => product === 'inbox'));
    const steps = group?.preview.kind === 'previewed' ? group.preview.steps : [];
    expect(steps.map(({ name }) => name)).toContain('Secret/database');
    expect(JSON.stringify(told)).not.toMatch(/postgres(ql)?:\/\//);
    expect(JSON.stringify(documentOf(whole(told), 2))).toContain('[secret]');
  });

  test('says so when the engine finds a tenant that stands differently', async () => {
    // Nothing changes from this version to itself; the stacks are still as the earlier one left them.
    const lagging = await previewWith({ versions: { base: versions.head, head: versions.head } });
    const [group] = lagging.groups;
    expect(group).toMatchObject({
      effect: { kind: 'none' },
      preview: { kind: 'previewed', asExpected: false },
    });
    expect(openBlockers(whole(lagging)).map(({ message }) => message)).toEqual([
      '913 tenants: volume deleted',
    ]);
  });
});
