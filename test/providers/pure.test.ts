/** The parts that decide without asking anyone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { diffInputs } from '../../automation/providers/kubernetes/diff.ts';
import { driftedInputs } from '../../automation/providers/kubernetes/drift.ts';
import { kindOfToken } from '../../automation/providers/kubernetes/objects.ts';
import { quantity } from '../../automation/providers/kubernetes/quantity.ts';
import {
  containsUnknown,
  decodeStruct,
  encodeStruct,
  markMapSecretsLike,
  type PropertyMap,
  revealMap,
  Secret,
  unknown,
} from '../../automation/providers/properties.ts';
import { randomText, ruleProblem } from '../../automation/providers/random/text.ts';
import { scramVerifier } from '../../automation/providers/tenantry/scram.ts';

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.stringMatching(/^[a-z./]{1,8}$/), tie('value'), { maxKeys: 4 }),
})).object as fc.Arbitrary<PropertyMap>;

describe('property values', () => {
  test('come back from the wire as they went, secrets and unknown values too', () => {
    fc.assert(
      fc.property(json, (plain) => {
        const map: PropertyMap = {
          plain,
          hidden: new Secret(plain),
          later: unknown,
          list: [new Secret('a'), 1],
        };
        expect(decodeStruct(encodeStruct(map))).toEqual(map);
      }),
    );
  });

  test('marked like a source reveal the same, and hide what the source hides', () => {
    const marked = markMapSecretsLike(
      { a: { b: '1', c: '2' }, list: ['x', 'y'] },
      { a: { b: new Secret('old') } },
    );
    expect(marked).toEqual({ a: { b: new Secret('1'), c: '2' }, list: ['x', 'y'] });
    expect(revealMap(marked)).toEqual({ a: { b: '1', c: '2' }, list: ['x', 'y'] });
    expect(containsUnknown({ a: [new Secret({ b: unknown })] })).toBe(true);
  });
});

describe('a diff', () => {
  test('of anything with itself is empty', () => {
    fc.assert(
      fc.property(json, (map) => {
        expect(diffInputs(map as never, map)).toEqual([]);
      }),
    );
  });

  test('names paths in the engine’s notation', () => {
    const old = { metadata: { labels: { 'a.b/c': '1' } }, list: [{ x: 1 }, { x: 2 }] };
    const inputs = { metadata: { labels: { 'a.b/c': '2' } }, list: [{ x: 1 }, { x: 3 }, { x: 4 }] };
    expect(diffInputs(old, inputs).map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'update list[1].x',
      'add list[2]',
      'update metadata.labels["a.b/c"]',
    ]);
  });

  test('ignores what only the server writes', () => {
    const old = { metadata: { name: 'a' } };
    expect(diffInputs(old, { metadata: { name: 'a', uid: 'x', resourceVersion: '1' }, status: {} })).toEqual(
      [],
    );
  });

  test.each([
    ['1000m', '1', true],
    ['1024Mi', '1Gi', true],
    ['0.5', '500m', true],
    [2, '2', true],
    ['1e3', '1k', true],
    ['1G', '1Gi', false],
    ['1', '2', false],
  ])('of limits of %j and %j', (a, b, same) => {
    expect(diffInputs({ limits: { cpu: a } }, { limits: { cpu: b } })).toHaveLength(same ? 0 : 1);
    expect(diffInputs({ labels: { cpu: a } }, { labels: { cpu: b } })).toHaveLength(1);
  });

  const limits = (of: string) => (value: string) => ({ spec: { limits: [{ [of]: { memory: value } }] } });
  test.each<[string, boolean, (value: string) => PropertyMap]>([
    ['a quota', true, (value) => ({ spec: { hard: { pods: value } } })],
    ['a claim', true, (value) => ({ spec: { resources: { requests: { storage: value } } } })],
    ['the most of a range', true, limits('max')],
    ['the least of a range', true, limits('min')],
    ['the default of a range', true, limits('default')],
    ['the size of a scratch volume', true, (value) => ({ volumes: [{ emptyDir: { sizeLimit: value } }] })],
    [
      'the target of an autoscaler',
      true,
      (value) => ({ metrics: [{ pods: { target: { averageValue: value } } }] }),
    ],
    ['a variable', false, (value) => ({ containers: [{ env: [{ name: 'PIN', value }] }] })],
    ['a toleration', false, (value) => ({ tolerations: [{ key: 'pool', value }] })],
    ['the key "max" of a map', false, (value) => ({ data: { max: value } })],
    ['the key "default" of a map', false, (value) => ({ data: { default: value } })],
    ['the key "value" of a secret', false, (value) => ({ stringData: { value } })],
    ['the key "sizeLimit" of a map', false, (value) => ({ data: { sizeLimit: value } })],
  ])('of "0123" and "123" as %s: the same is %s', (_what, same, make) => {
    expect(diffInputs(make('0123') as never, make('123'))).toHaveLength(same ? 0 : 1);
  });

  test('takes an empty selector for what it is, in policies and as an item, and for nothing elsewhere', () => {
    const policy = (peer: JsonObject): JsonObject => ({
      kind: 'NetworkPolicy',
      spec: { ingress: [{ from: [peer] }] },
    });
    const all = policy({ podSelector: {}, namespaceSelector: {} });
    const changes = diffInputs(all, policy({ podSelector: {} }) as PropertyMap);
    expect(changes).toMatchObject([{ path: 'spec.ingress[0].from[0].namespaceSelector', kind: 'delete' }]);
    expect(diffInputs({ list: [{}] }, { list: [] })).toMatchObject([{ path: 'list[0]', kind: 'delete' }]);
    expect(
      diffInputs({ kind: 'Deployment', spec: { strategy: {} } }, { kind: 'Deployment', spec: {} }),
    ).toEqual([]);
  });

  test.each(['', 'Mi', '1 Gi', '1Qi', 'x1', '1.1.1'])('%j is no quantity', (text) => {
    expect(quantity(text)).toBeNull();
  });
});

test('drift is what changed in the cluster, in the program’s own spelling elsewhere', () => {
  const inputs = { spec: { cpu: '1000m', image: 'a', gone: 'x', list: [{ name: 'n', v: '0.5' }] } };
  const before = { spec: { cpu: '1', image: 'a', gone: 'x', list: [{ name: 'n', v: '500m' }], def: true } };
  const now = { spec: { cpu: '1', image: 'b', list: [{ name: 'n', v: '500m' }], def: false } };
  expect(driftedInputs(inputs, before, now)).toEqual({
    spec: { cpu: '1000m', image: 'b', list: [{ name: 'n', v: '0.5' }] },
  });
});

test.each([
  ['kubernetes:core/v1:Namespace', { apiVersion: 'v1', kind: 'Namespace' }],
  ['kubernetes:apps/v1:Deployment', { apiVersion: 'apps/v1', kind: 'Deployment' }],
  [
    'kubernetes:rbac.authorization.k8s.io/v1:Role',
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  ],
  ['kubernetes:karpenter.sh/v1beta1:NodePool', { apiVersion: 'karpenter.sh/v1beta1', kind: 'NodePool' }],
  ['kubernetes:helm.sh/v3:Release', { apiVersion: 'helm.sh/v3', kind: 'Release' }],
  ['kubernetes:yaml:ConfigFile', null],
  ['aws:s3/bucket:Bucket', null],
])('the kind of %s', (token, kind) => {
  expect(kindOfToken(token)).toEqual(kind);
});

describe('random text', () => {
  const rules = {
    length: 20,
    upper: true,
    lower: true,
    numeric: true,
    special: true,
    overrideSpecial: '',
    minUpper: 0,
    minLower: 0,
    minNumeric: 0,
    minSpecial: 0,
  };

  test('keeps to its rules', () => {
    const least = fc.integer({ min: 0, max: 4 });
    fc.assert(
      fc.property(least, least, least, least, (minUpper, minLower, minNumeric, minSpecial) => {
        const text = randomText({
          ...rules,
          minUpper,
          minLower,
          minNumeric,
          minSpecial,
          overrideSpecial: '_%@',
        });
        expect(text).toHaveLength(20);
        expect(text).toMatch(/^[A-Za-z0-9_%@]*$/);
        const count = (pattern: RegExp) => text.replace(pattern, '').length;
        expect(count(/[^A-Z]/g)).toBeGreaterThanOrEqual(minUpper);
        expect(count(/[^a-z]/g)).toBeGreaterThanOrEqual(minLower);
        expect(count(/[^0-9]/g)).toBeGreaterThanOrEqual(minNumeric);
        expect(count(/[^_%@]/g)).toBeGreaterThanOrEqual(minSpecial);
      }),
    );
    expect(randomText({ ...rules, special: false })).toMatch(/^[A-Za-z0-9]{20}$/);
  });

  test('says what is wrong with its rules', () => {
    expect(ruleProblem({ ...rules, length: 0 })).toContain('at least 1');
    expect(ruleProblem({ ...rules, length: 3, minUpper: 2, minLower: 2 })).toContain('at least 4');
    expect(ruleProblem({ ...rules, upper: false, lower: false, numeric: false, special: false })).toContain(
      'at least one',
    );
    expect(ruleProblem(rules)).toBeNull();
  });
});

test('a password’s verifier is the one of RFC 7677', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  expect(await scramVerifier('pencil', salt)).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});
