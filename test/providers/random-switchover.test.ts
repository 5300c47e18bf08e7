/** A stack goes from the official random provider to the stand-in and back: values stay, no change is planned. */
import { describe, expect, test } from 'vitest';
import { type PropertyMap, revealMap, Secret } from '../../automation/providers/properties.ts';
import { RandomProvider } from '../../automation/providers/random/provider.ts';

const provider = new RandomProvider();
const context = (type: string) => ({
  urn: `urn:pulumi:test::test::${type}::value`,
  type,
  config: {},
  signal: new AbortController().signal,
  status: () => {},
  warn: () => {},
});

const textRules = {
  lower: true,
  minLower: 0,
  minNumeric: 0,
  minSpecial: 0,
  minUpper: 0,
  number: true,
  numeric: true,
  upper: true,
};

/** What a program says, and the state that random 4.21 leaves of it. `computed` is there only in the official state. */
const values: readonly [
  type: string,
  program: PropertyMap,
  official: { id: string; properties: PropertyMap },
  computed?: readonly string[],
][] = [
  [
    'random:index/randomPassword:RandomPassword',
    { length: 32, special: false },
    {
      id: 'none',
      properties: {
        __meta: '{"schema_version":"3"}',
        ...textRules,
        bcryptHash: new Secret('$2a$10$CwTycUXWue0Thq9StjUM0uJ8lDkAO6ZLwSzTzZ8mQ0mO8m8H1Xb2C'),
        id: 'none',
        length: 32,
        result: new Secret('abcdefghijklmnopqrstuvwxyzABCDEF'),
        special: false,
      },
    },
    ['bcryptHash'],
  ],
  [
    'random:index/randomString:RandomString',
    { length: 8, special: false, upper: false },
    {
      id: 'a1b2c3d4',
      properties: {
        __meta: '{"schema_version":"2"}',
        ...textRules,
        id: 'a1b2c3d4',
        length: 8,
        result: 'a1b2c3d4',
        special: false,
        upper: false,
      },
    },
  ],
  [
    'random:index/randomId:RandomId',
    { byteLength: 4, prefix: 't-', keepers: { plan: 'pro' } },
    {
      id: '3q2-7w',
      properties: {
        b64Std: 't-3q2+7w==',
        b64Url: 't-3q2-7w',
        byteLength: 4,
        dec: 't-3735928559',
        hex: 't-deadbeef',
        id: '3q2-7w',
        keepers: { plan: 'pro' },
        prefix: 't-',
      },
    },
  ],
];

describe.each(values)('%s', (type, program, official, computed = []) => {
  test('made by the official provider: the stand-in plans no change and keeps the value', async () => {
    const { id, properties } = official;
    for (const old of [properties, { ...properties, __defaults: [] }])
      expect((await provider.diff(context(type), { old, inputs: program })).changes).toEqual([]);
    expect(await provider.read(context(type), { id, properties, inputs: program })).toEqual({
      id,
      properties,
      inputs: program,
    });
    const updated = await provider.update(context(type), { old: properties, inputs: program });
    expect(updated).toEqual(properties);
  });

  test('made by the stand-in: the state has what the official provider reads, in the same types', async () => {
    const made = await provider.create(context(type), program, { preview: false, timeoutMs: null });
    const shape = (properties: PropertyMap) =>
      Object.fromEntries(
        Object.entries(properties)
          .filter(([name]) => !computed.includes(name))
          .map(([name, value]) => [name, value instanceof Secret ? 'secret' : typeof value]),
      );
    expect(shape(made.properties)).toEqual(shape(official.properties));
    const generated = ['id', 'result', 'b64Std', 'b64Url', 'dec', 'hex', ...computed];
    const given = (properties: PropertyMap) =>
      Object.fromEntries(Object.entries(revealMap(properties)).filter(([name]) => !generated.includes(name)));
    expect(given(made.properties)).toEqual(given(official.properties));
  });

  test('a change of what it was made from is a new value with either', async () => {
    const inputs =
      'length' in program ? { ...program, length: 40 } : { ...program, keepers: { plan: 'enterprise' } };
    const { changes } = await provider.diff(context(type), { old: official.properties, inputs });
    expect(changes).toMatchObject([{ kind: 'update', replace: true }]);
  });
});

test('an id is told in each spelling as the official provider tells it', async () => {
  const [type, , official] = values[2] ?? [];
  const imported = await provider.read(context(type ?? ''), {
    id: `t-,${official?.id}`,
    properties: {},
    inputs: {},
  });
  expect(imported.properties).toMatchObject({
    b64Std: 't-3q2+7w==',
    b64Url: 't-3q2-7w',
    dec: 't-3735928559',
    hex: 't-deadbeef',
  });
});
