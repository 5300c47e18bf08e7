import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { checkPolicies } from '../../infra/policy/check.ts';
import { rules } from '../../infra/policy/rules/index.ts';
import { requiredTags } from '../../infra/tags.ts';
import { accessCases } from './access-cases.ts';
import { alsoPasses, awsCases } from './aws-cases.ts';
import { changed, productionTags, resourceOf, type TypeCase } from './cases.ts';

/** Rules that judge one resource. `alone` leaves out those that judge a stack, which miss the rest of it here. */
const alone = rules.filter(({ kind }) => kind === 'resource');
const cases: readonly TypeCase[] = [...awsCases, ...accessCases];

describe.each(cases.map((each) => [each.type, each] as const))('%s', (type, { passes, breaks }) => {
  test('as it should be breaks no rule', () => {
    expect(checkPolicies([resourceOf(type, passes)], alone)).toEqual([]);
  });

  const violations = Object.entries(breaks).flatMap(([rule, changes]) =>
    changes.map(([path, value]) => [rule, path, value] as const),
  );
  test.each(violations)('breaks %s with %s: %j', (rule, path, value) => {
    const broken = checkPolicies([resourceOf(type, changed(passes, path, value))], alone);
    expect(new Set(broken.map((violation) => violation.rule))).toEqual(new Set([rule]));
    expect(broken[0]).toMatchObject({ type, name: 'example', message: expect.stringMatching(/\w/) });
  });
});

test.each(alsoPasses)('%s breaks no rule', (_what, type, props) => {
  expect(checkPolicies([resourceOf(type, props)], alone)).toEqual([]);
});

test('every rule of every type has a case that breaks it', () => {
  const tried = new Set(
    cases.flatMap(({ type, breaks }) => Object.keys(breaks).map((rule) => `${rule} ${type}`)),
  );
  const wanted = rules.flatMap((rule) =>
    rule.kind === 'resource' ? (rule.types ?? []).map((type) => `${rule.name} ${type}`) : [],
  );
  expect(wanted.length).toBeGreaterThan(70);
  // An access key is wrong whatever it says: it has a test of its own below.
  expect(wanted.filter((pair) => !tried.has(pair))).toEqual(['least-privilege aws:iam/accessKey:AccessKey']);
});

test('every type that a rule knows of AWS is one of the SDK', () => {
  const load = createRequire(import.meta.url);
  const types = new Set(rules.flatMap((rule) => (rule.kind === 'resource' ? (rule.types ?? []) : [])));
  const unheardOf = [...types]
    .filter((type) => type.startsWith('aws:'))
    .filter((type) => {
      const [, path = '', name = ''] = type.split(':');
      return load(`@pulumi/aws/${path}.js`)[name]?.__pulumiType !== type;
    });
  expect(unheardOf).toEqual([]);
});

test('rules have names and descriptions of their own', () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  expect(new Set(rules.map(({ description }) => description)).size).toBe(rules.length);
});

describe('an access key', () => {
  test('is refused whatever it says', () => {
    const broken = checkPolicies([resourceOf('aws:iam/accessKey:AccessKey', { user: 'ci' })], alone);
    expect(broken.map(({ rule }) => rule)).toEqual(['least-privilege']);
  });
});

describe('environments', () => {
  const database = awsCases.find(({ type }) => type === 'aws:rds/instance:Instance');
  const unprotected = changed(database?.passes ?? {}, 'deletionProtection', false);
  const inEnvironment = (environment: string) => ({
    ...resourceOf('aws:rds/instance:Instance', unprotected),
    provider: {
      urn: 'default',
      // The engine's default provider has what the stack's file says, as JSON.
      props: {
        defaultTags: JSON.stringify({ tags: { ...productionTags, 'tenantry:environment': environment } }),
      },
    },
  });

  test.each(['dev', 'staging'])('%s may go without deletion protection', (environment) => {
    expect(checkPolicies([inEnvironment(environment)], alone)).toEqual([]);
  });

  test.each(['prod', 'production', ''])('%j is protected as production', (environment) => {
    const broken = checkPolicies([inEnvironment(environment)], alone).map(({ rule }) => rule);
    expect(broken).toContain('deletion-protected');
  });
});

describe('required tags', () => {
  const { provider: _, ...bucket } = resourceOf('aws:sns/topic:Topic', { kmsMasterKeyId: 'key' });
  const missing = (resource: Parameters<typeof checkPolicies>[0][number]) =>
    checkPolicies([resource], alone).map(({ rule, message }) => `${rule}: ${message}`);

  test('are missed where neither provider nor resource has them', () => {
    expect(missing(bucket)).toEqual([`required-tags: there is no tag ${requiredTags.join(', ')}`]);
  });

  test.each(requiredTags)('%s is missed where the rest is there', (name) => {
    const { [name]: _left, ...rest } = productionTags;
    expect(missing({ ...bucket, props: { ...bucket.props, tags: rest } })).toEqual([
      `required-tags: there is no tag ${name}`,
    ]);
  });

  test.each([
    ['of the resource', { props: { kmsMasterKeyId: 'key', tags: productionTags } }],
    ['of its provider', { provider: { urn: 'aws', props: { defaultTags: { tags: productionTags } } } }],
    [
      'of both together',
      {
        props: { kmsMasterKeyId: 'key', tags: { owner: 'platform', 'cost-center': 'x' } },
        provider: {
          urn: 'aws',
          props: { defaultTags: { tags: { ...productionTags, owner: '', 'cost-center': '' } } },
        },
      },
    ],
    ['as the provider answers them', { props: { kmsMasterKeyId: 'key', tagsAll: productionTags } }],
    ['that only the deployment tells', { props: { kmsMasterKeyId: 'key', tags: '[unknown]' } }],
  ] as const)('are there as tags %s', (_where, change) => {
    expect(missing({ ...bucket, ...change })).toEqual([]);
  });

  test('are asked of AWS only', () => {
    expect(missing({ ...bucket, type: 'random:index/randomPassword:RandomPassword' })).toEqual([]);
  });
});
