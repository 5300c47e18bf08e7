import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { crdModules, ensureCrds } from '../../automation/toolchain/crds.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { velero } from '../../infra/backup/velero.ts';
import { karpenterVersion } from '../../infra/karpenter.ts';
import { operatorVersion } from '../../infra/monitoring/prometheus.ts';
import { type InfraGraph, infraGraph, type KubernetesObject } from '../support/infra-graph.ts';
import { apply, kubectl, removeNamespaces } from '../tenants/cluster.ts';

/**
 * Submits every object that the platform's program writes to a real API server with the real definitions of custom
 * resources, which refuses unknown fields, wrong types and broken rules of validation. Nothing is stored: objects are
 * applied dry, into one namespace that stands for all.
 */

const stand = `infra-objects-${Math.random().toString(36).slice(2, 8)}`;

/** Kinds whose definition no Go module contains, so nothing here can check them. */
const withoutDefinition: Readonly<Record<string, string>> = {
  TargetGroupBinding:
    'the module of the AWS Load Balancer Controller is not published in a version that has it',
};

/** Kinds that belong to no namespace. */
const clusterScoped = new Set([
  'ClusterRole',
  'ClusterRoleBinding',
  'EC2NodeClass',
  'Namespace',
  'NodePool',
  'PriorityClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'VolumeSnapshotClass',
]);

const stacks = ['prod', 'dev'] as const;
const graphs = new Map<string, InfraGraph>();

beforeAll(async () => {
  for (const stack of stacks) graphs.set(stack, await infraGraph(stack));
  await installDefinitions();
  // As strict as the platform's own: warnings tell of pods that the level would refuse.
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  const made = await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: stand, labels } }]);
  expect(made.stderr).toBe('');
});

afterAll(() => removeNamespaces([stand]));

/** Definitions stay until the cluster goes: other tests neither list them nor have objects of these kinds. */
async function installDefinitions(): Promise<void> {
  const files = await ensureCrds({ env: readToolchainEnv(), onProgress: (line) => console.error(line) });
  const documents = await Promise.all(
    files.map(async (file) => parseAllDocuments(await readFile(file, 'utf8')).map((one) => one.toJSON())),
  );
  const definitions = documents.flat().filter((one) => one?.kind === 'CustomResourceDefinition');
  const wanted = new Set([...graphs.values()].flatMap((graph) => graph.objects().map(({ kind }) => kind)));
  const used = definitions.filter(({ spec }) => wanted.has(spec.names.kind));
  const installed = await apply(used);
  expect(installed.ok, installed.stderr).toBe(true);
  const established = await kubectl([
    'wait',
    '--for=condition=Established',
    '--timeout=120s',
    ...used.map(({ metadata }) => `crd/${metadata.name}`),
  ]);
  expect(established.ok, established.stderr).toBe(true);
}

function shown(stack: string): KubernetesObject[] {
  const graph = graphs.get(stack);
  if (!graph) throw new Error(`there is no graph of ${stack}`);
  return graph.objects().filter(({ kind }) => !(kind in withoutDefinition));
}

/** The object as it is submitted: in the namespace that exists. */
function inStand(object: KubernetesObject): KubernetesObject {
  if (clusterScoped.has(object.kind)) return object;
  return { ...object, metadata: { ...object.metadata, namespace: stand } };
}

const dry = (objects: readonly KubernetesObject[]) =>
  apply(objects.map(inStand), '--dry-run=server', '--validate=strict');

describe.each(stacks)('the API server accepts every object of %s', (stack) => {
  test('without an error and without a warning', async () => {
    const objects = shown(stack);
    expect(objects.length).toBeGreaterThan(20);
    const { ok, stderr } = await dry(objects);
    expect(stderr).toBe('');
    expect(ok).toBe(true);
  });

  test('and each says its namespace, unless it belongs to none', () => {
    const homeless = shown(stack).filter(
      ({ kind, metadata }) => clusterScoped.has(kind) === (metadata.namespace !== undefined),
    );
    expect(homeless.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
  });
});

test('the definitions are of the versions that the platform installs', () => {
  const versionOf = (name: string) => crdModules.find((one) => one.name === name)?.version;
  expect(versionOf('karpenter')).toBe(karpenterVersion);
  expect(versionOf('prometheus-operator')).toBe(operatorVersion);
  const { version, values } = graphs.get('prod')?.chart('velero') ?? {};
  expect(version).toBe(velero.chartVersion);
  expect(values).toMatchObject({ image: { tag: `v${versionOf('velero')}` }, upgradeCRDs: true });
});

test('nothing is left out that could be judged', () => {
  const kinds = new Set(
    stacks.flatMap(
      (stack) =>
        graphs
          .get(stack)
          ?.objects()
          .map(({ kind }) => kind) ?? [],
    ),
  );
  expect(Object.keys(withoutDefinition).filter((kind) => !kinds.has(kind))).toEqual([]);
});

describe('the API server refuses', () => {
  const changed = (kind: string, spec: object): KubernetesObject => {
    const object = shown('prod').find((candidate) => candidate.kind === kind);
    if (!object) throw new Error(`there is no ${kind}`);
    return { ...object, spec: { ...(object.spec as object), ...spec } };
  };

  test.each([
    [
      'a node pool with an unknown policy',
      'NodePool',
      { disruption: { consolidationPolicy: 'Sometimes', consolidateAfter: '1m' } },
    ],
    ['a node class with a field that there is not', 'EC2NodeClass', { instanceProfiles: 'x' }],
    ['a rule without an expression', 'PrometheusRule', { groups: [{ name: 'x', rules: [{ alert: 'X' }] }] }],
    ['a schedule whose backup has no such field', 'Schedule', { template: { includeNamespaces: ['*'] } }],
  ])('%s', async (_what, kind, spec) => {
    const { ok, stderr } = await dry([changed(kind, spec)]);
    expect(ok).toBe(false);
    expect(stderr).toMatch(/Unsupported value|unknown field|missing required field/);
  });
});
