import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlatformPreview, previewPlatform, type ShownValue } from '../../automation/preview/platform.ts';
import { copyOfPlatform, newPulumiUser, type PulumiUser } from '../support/pulumi-project.ts';

/** The whole platform program, with its own project file and settings, on the real engine. */

const root = resolve(import.meta.dirname, '../..');
const stacks = (await readdir(root)).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []).sort();

/** Where each unknown text is, with list indexes left out: `vpcConfig.subnetIds`. */
function unknownPaths(value: ShownValue, path = ''): string[] {
  if (value === '[unknown]') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    unknownPaths(inner, Array.isArray(value) ? path : path === '' ? key : `${path}.${key}`),
  );
}

/** What must be known before anything exists: names by which people find things, sizes, and all safety settings. */
const decided = new RegExp(
  `^(?:${[
    'name|identifier|nodeGroupName|replicationGroupId|metadata\\.name|chart|version|region|tags(?:All)?(?:\\..*)?',
    'cidrBlock|availabilityZone|engine|engineVersion|instanceClass|nodeType|spec\\.replicas',
    'multiAz|multiAzEnabled|backupRetentionPeriod|skipFinalSnapshot|deletionProtection|publiclyAccessible',
    'storageEncrypted|atRestEncryptionEnabled|transitEncryptionEnabled|metadataOptions\\..*',
  ].join('|')})$`,
);

describe.each(stacks)('the stack %s', (stack) => {
  let shown: PlatformPreview;

  beforeAll(async () => {
    shown = await previewPlatform({ stack, providers: 'simulated', checkRules: true });
  });

  test('is previewed as new, without a warning', () => {
    expect(shown.diagnostics).toEqual([]);
    expect(shown.steps.length).toBeGreaterThan(200);
    expect(new Set(shown.steps.map(({ op }) => op))).toEqual(new Set(['create']));
  });

  test('leaves open only what AWS has yet to say', () => {
    const open = shown.steps.flatMap(({ type, name, after }) =>
      unknownPaths(after ?? {})
        // Other names follow from names that AWS gives.
        .filter((path) => decided.test(path) && !type.startsWith('aws:route53/record:'))
        .map((path) => `${type} ${name}: ${path}`),
    );
    expect(open).toEqual([]);
  });

  test('has nothing in it that was made of a missing value', () => {
    const text = JSON.stringify(shown.steps.map(({ after }) => after));
    expect(text).not.toMatch(/\[object Object\]|Calling \[toString\]|[:/-]undefined[:/"-]/);
  });
});

describe('the commands of a platform engineer', () => {
  let user: PulumiUser;
  let project: string;

  beforeAll(async () => {
    user = await newPulumiUser();
    project = await copyOfPlatform();
    const made = await user.pulumi(
      project,
      'stack',
      'init',
      'prod',
      '--secrets-provider',
      'hashivault://test',
    );
    expect(made.exitCode, made.text).toBe(0);
  });

  afterAll(async () => {
    await user?.close();
  });

  test('`pulumi preview -s prod` and `pulumi up -s prod` work with the project file as it is', async () => {
    const previewed = await user.pulumi(project, 'preview', '-s', 'prod');
    expect(previewed.exitCode, previewed.text).toBe(0);
    expect(previewed.text).toMatch(/\+ \d{3} to create/);

    const made = await user.pulumi(project, 'up', '-s', 'prod', '--yes', '--skip-preview');
    expect(made.exitCode, made.text).toBe(0);
    expect(made.text).toMatch(/\+ \d{3} created/);

    const outputs = await user.pulumi(project, 'stack', 'output', '-s', 'prod', '--json');
    expect(JSON.parse(outputs.stdout)).toMatchObject({ cell: { id: 'prod-us-east-1', region: 'us-east-1' } });
    expect(outputs.stdout).not.toMatch(/undefined|\[object/);

    // Afterwards a change of one setting is the change of what depends on it.
    const file = join(project, 'Pulumi.prod.yaml');
    const settings = await readFile(file, 'utf8');
    await writeFile(
      file,
      settings.replace(/storageGb: (\d+)/, (_, size) => `storageGb: ${Number(size) * 2}`),
    );
    const changed = await user.pulumi(project, 'preview', '-s', 'prod', '--json');
    expect(changed.exitCode, changed.text).toBe(0);
    const { steps }: { steps: { op: string; urn: string; detailedDiff?: object }[] } = JSON.parse(
      changed.stdout,
    );
    const told = steps
      .filter(({ op }) => op !== 'same')
      .map(({ op, urn, detailedDiff }) => [op, urn.split('::')[2], Object.keys(detailedDiff ?? {})]);
    expect(told).toContainEqual(['update', 'aws:rds/instance:Instance', ['allocatedStorage']]);
    expect(new Set(told.map(([op]) => op))).toEqual(new Set(['update']));
    expect(told.length).toBeLessThan(10);
  });
});
