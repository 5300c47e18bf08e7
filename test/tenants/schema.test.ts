import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import type { Manifest } from '../../tenants/manifest.ts';
import { platformManifests } from '../../tenants/platform.ts';
import { kubectl } from './cluster.ts';
import { everyPlan, manifestsOf, restrained, tenantOf } from './specs.ts';

/** Checks manifests offline with kubeconform, against the schemas that the API server itself publishes. */

const apis = [
  'api/v1',
  'apis/apps/v1',
  'apis/autoscaling/v2',
  'apis/networking.k8s.io/v1',
  'apis/policy/v1',
  'apis/rbac.authorization.k8s.io/v1',
  'apis/scheduling.k8s.io/v1',
  'apis/admissionregistration.k8s.io/v1',
];

let schemas: string;

beforeAll(async () => {
  schemas = await mkdtemp(join(inject('runDir'), 'schemas-'));
  await Promise.all(apis.map(writeSchemas));
});

test.each(everyPlan)(
  '%s %s: every manifest fits its schema, with no field that the schema lacks',
  async (product, plan) => {
    const manifests = [{}, ...restrained].flatMap((state) => manifestsOf(tenantOf(product, plan, state)));
    expect(await kubeconform(manifests)).toEqual({ valid: manifests.length, problems: [] });
  },
);

test('the platform’s manifests fit their schemas', async () => {
  const manifests = platformManifests();
  expect(await kubeconform(manifests)).toEqual({ valid: manifests.length, problems: [] });
});

test('the check notices a misspelt field and a wrong type', async () => {
  const [namespace] = manifestsOf(tenantOf('workspace', 'byoc'));
  const broken = { ...namespace, spce: {}, metadata: { ...namespace?.metadata, labels: ['a'] } };
  const { valid, problems } = await kubeconform([broken as unknown as Manifest]);
  expect(valid).toBe(0);
  expect(problems.join()).toMatch(/spce/);
});

interface Schema {
  properties?: Record<string, unknown>;
  additionalProperties?: unknown;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

/** One file for each kind, named as kubeconform looks for it; unknown fields are made errors. */
async function writeSchemas(api: string): Promise<void> {
  const { stdout } = await kubectl(['get', '--raw', `/openapi/v3/${api}`]);
  const { components } = JSON.parse(stdout) as { components: { schemas: Record<string, Schema> } };
  for (const schema of Object.values(components.schemas)) {
    if (schema.properties) schema.additionalProperties ??= false;
  }
  const version = api.split('/').at(-1);
  const group = api.startsWith('api/') ? '' : api.split('/')[1];
  for (const [name, schema] of Object.entries(components.schemas)) {
    const kind = schema['x-kubernetes-group-version-kind']?.find(
      (candidate) => candidate.group === group && candidate.version === version,
    );
    // Kinds that no manifest of ours has are left out: each file holds the whole API.
    if (!kind || !wantedKinds.has(kind.kind)) continue;
    const file = [kind.kind, ...(group === '' ? [] : [group?.split('.')[0]]), kind.version]
      .join('-')
      .toLowerCase();
    const document = { $ref: `#/components/schemas/${name}`, components };
    await writeFile(join(schemas, `${file}.json`), JSON.stringify(document));
  }
}

const wantedKinds = new Set(
  [
    ...everyPlan.flatMap(([product, plan]) => manifestsOf(tenantOf(product, plan))),
    ...platformManifests(),
  ].map(({ kind }) => kind),
);

async function kubeconform(manifests: readonly Manifest[]): Promise<{ valid: number; problems: string[] }> {
  const location = join(schemas, '{{.ResourceKind}}{{.KindSuffix}}.json');
  const parameters = ['-strict', '-summary', '-output', 'json', '-schema-location', location];
  const output = await new Promise<string>((resolve) => {
    const child = execFile(inject('tools').kubeconform, parameters, (_error, stdout, stderr) =>
      resolve(stdout || stderr),
    );
    child.stdin?.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
  });
  const { resources, summary } = JSON.parse(output) as {
    resources?: { kind: string; name: string; msg: string }[];
    summary: { valid: number };
  };
  return {
    valid: summary.valid,
    problems: (resources ?? []).map(({ kind, name, msg }) => `${kind}/${name}: ${msg}`),
  };
}
