import { describe, expect, test } from 'vitest';
import type {
  Declaration,
  DeclaredResource,
  DeclaredValue,
} from '../../automation/preview/fleet/declared.ts';
import { effectOf, headline, structureOf, withoutNames } from '../../automation/preview/fleet/effects.ts';

const claim = (spec: DeclaredValue, more: Partial<DeclaredResource> = {}): DeclaredResource => ({
  type: 'kubernetes:core/v1:PersistentVolumeClaim',
  name: 'PersistentVolumeClaim/home',
  inputs: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'home', namespace: 'n' },
    spec,
  },
  options: {},
  aliases: [],
  ...more,
});
const gi = (amount: string) => ({
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: amount } },
});
const object = (kind: string, inputs: DeclaredResource['inputs'] = {}): DeclaredResource => ({
  type: `kubernetes:core/v1:${kind}`,
  name: kind,
  inputs: { metadata: { name: 'x', namespace: 'n' }, ...inputs },
  options: {},
  aliases: [],
});
const database = (inputs: DeclaredResource['inputs']): DeclaredResource => ({
  type: 'tenantry:postgres:Schema',
  name: 'database',
  inputs: { tenantId: 't', schema: 's', role: 'r', connectionLimit: 5, ...inputs },
  options: {},
  aliases: [],
});
const of = (...resources: DeclaredResource[]): Declaration => ({ kind: 'resources', resources });
const refused = (reason: string): Declaration => ({ kind: 'refused', reason });

describe('what a change of the program does to a tenant', () => {
  test.each<[string, Declaration, Declaration, string]>([
    ['nothing differs', of(claim(gi('5Gi'))), of(claim(gi('5Gi'))), 'no change'],
    ['a volume grows in place', of(claim(gi('5Gi'))), of(claim(gi('9Gi'))), 'volume updated'],
    [
      'a volume of another class is another volume',
      of(claim(gi('5Gi'))),
      of(claim({ ...gi('5Gi'), storageClassName: 'fast' })),
      'volume replaced',
    ],
    [
      'a volume of another name is another volume',
      of(claim(gi('5Gi'))),
      of(claim(gi('5Gi'), { name: 'PersistentVolumeClaim/data' })),
      'volume deleted, volume created',
    ],
    [
      'an alias makes it the same one',
      of(claim(gi('5Gi'))),
      of(
        claim(gi('5Gi'), {
          name: 'PersistentVolumeClaim/data',
          aliases: [{ type: 'kubernetes:core/v1:PersistentVolumeClaim', name: 'PersistentVolumeClaim/home' }],
        }),
      ),
      'no change',
    ],
    ['a volume that is dropped', of(claim(gi('5Gi'))), of(), 'volume deleted'],
    [
      'a database of another schema',
      of(database({})),
      of(database({ schema: 'other' })),
      'database replaced',
    ],
    [
      'a database with more connections',
      of(database({})),
      of(database({ connectionLimit: 9 })),
      'database updated',
    ],
    [
      'an object in another namespace',
      of(object('ConfigMap')),
      of(object('ConfigMap', { metadata: { name: 'x', namespace: 'm' } })),
      'ConfigMap replaced',
    ],
    [
      'the gravest first, alike ones counted',
      of(object('Namespace'), claim(gi('5Gi'))),
      of(object('Namespace', { a: 1 }), object('Secret'), object('Service'), {
        ...object('Service'),
        name: 'b',
      }),
      'volume deleted, namespace updated, Secret created, 2 × Service created',
    ],
    ['what the new version refuses', of(), refused('no such plan'), 'refused by the program'],
    ['what both refuse is no doing of the change', refused('a'), refused('b'), 'no change'],
  ])('%s', (_name, base, head, expected) => {
    expect(headline(effectOf(base, head))).toBe(expected);
  });

  test('options that decide over data are part of it', () => {
    const effect = effectOf(of(claim(gi('5Gi'), { options: { protect: true } })), of(claim(gi('5Gi'))));
    expect(effect).toMatchObject({
      steps: [{ op: 'update', changes: [{ path: '(protect)', kind: 'delete' }] }],
    });
  });

  test('says of a secret that it changes, and nothing else', () => {
    const secret = (text: string) => object('Secret', { stringData: { '[secret]': text }, type: 'Opaque' });
    const effect = effectOf(of(secret('digest of hunter2')), of(secret('digest of hunter3')));
    expect(effect).toEqual({
      kind: 'steps',
      steps: [
        {
          op: 'update',
          type: 'kubernetes:core/v1:Secret',
          name: 'Secret',
          changes: [
            { path: 'stringData', kind: 'update', before: '[secret]', after: '[secret]', secret: true },
          ],
        },
      ],
    });
    expect(JSON.stringify(effect)).not.toContain('hunter');
  });

  test('names lists and keys with dots as Pulumi does', () => {
    const ports = (port: number) =>
      object('Service', { spec: { ports: [{ port: 1 }, { port }] }, 'a.b/c': port });
    const effect = effectOf(of(ports(2)), of(ports(3)));
    expect(effect).toMatchObject({
      steps: [{ changes: [{ path: '["a.b/c"]' }, { path: 'spec.ports[1].port', before: 2, after: 3 }] }],
    });
  });
});

describe('whether two effects are alike', () => {
  const from = (before: string, after: string) => effectOf(of(claim(gi(before))), of(claim(gi(after))));
  const config = (value: string) =>
    effectOf(of(object('ConfigMap')), of(object('ConfigMap', { data: { a: value } })));

  test('values of ordinary objects do not matter, sizes of volumes do', () => {
    expect(structureOf(config('x'))).toBe(structureOf(config('y')));
    expect(structureOf(from('5Gi', '9Gi'))).not.toBe(structureOf(from('9Gi', '5Gi')));
  });

  test('names stand for themselves only as whole words', () => {
    const effect = withoutNames(config('pro in proxy, tenant_abc-pro'), [
      ['pro', '{plan}'],
      ['abc', '{tenant}'],
    ]);
    expect(effect).toMatchObject({
      steps: [{ changes: [{ after: { a: '{plan} in proxy, tenant_{tenant}-{plan}' } }] }],
    });
  });
});
