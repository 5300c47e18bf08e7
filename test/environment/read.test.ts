import { mkdtemp, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { EnvironmentError, type Name, readVariables, table } from '../../automation/environment/index.ts';

const optional = (name: Name, value: string) => readVariables({ [name]: value }, { optional: [name] })[name];

describe('a value', () => {
  test.each<[Name, string, unknown]>([
    ['PORT', '9000', 9000],
    ['HOST', '0.0.0.0', '0.0.0.0'],
    ['TENANTRY_HOME', 'here', resolve('here')],
    ['KUBECONFIG', '~/mine', join(homedir(), 'mine')],
    ['PUBLIC_URL', 'https://tenantry.example.com', 'https://tenantry.example.com'],
    ['DATABASE_URL', 'postgresql://me@db/x', 'postgresql://me@db/x'],
    ['TENANT_DATABASE_SERVERS', '{"acme":"postgres://me@acme/x"}', { acme: 'postgres://me@acme/x' }],
    ['STRIPE_SECRET_KEY', 'rk_live_1', 'rk_live_1'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_new, whsec_old', ['whsec_new', 'whsec_old']],
    ['PULUMI_BACKEND_URL', 's3://state?region=eu-west-1', 's3://state?region=eu-west-1'],
    ['TENANTRY_SECRETS_PROVIDER', 'awskms://alias/x', 'awskms://alias/x'],
    ['TENANTRY_EXPORTS_URL', 'file:///exports', 'file:///exports'],
    [
      'TENANTRY_TENANT_BUCKETS',
      's3://a/{tenant}/, s3://b/{namespace}/',
      ['s3://a/{tenant}/', 's3://b/{namespace}/'],
    ],
    ['TENANTRY_DATABASE_CIDRS', '10.0.0.0/24,10.0.1.0/24', ['10.0.0.0/24', '10.0.1.0/24']],
    ['TENANTRY_VERTICAL_POD_AUTOSCALER', 'on', true],
    ['TENANTRY_DOWNLOADS', 'off', false],
    ['TENANTRY_GRACE_MS', '0', 0],
    ['TENANTRY_EXPORT_DAYS', '3650', 3650],
    ['TENANTRY_KUBERNETES_PROVIDER', 'official', 'official'],
    ['TENANTRY_MODEL_SEED', 'random', 'random'],
    ['TENANTRY_MODEL_SEED', '7', 7],
    ['SMTP_URL', 'smtps://a:b@mail.example:465', 'smtps://a:b@mail.example:465'],
    ['MAIL_FROM', 'Tenantry <hello@example.com>', 'Tenantry <hello@example.com>'],
    [
      'OIDC_ALSO_TRUSTED',
      '[{"issuer":"https://id.example","audience":"a","clientId":"c","scope":"s"}]',
      [{ issuer: 'https://id.example', audience: 'a', clientId: 'c', scope: 's' }],
    ],
  ])('of %s=%s is read', (name, value, read) => {
    expect(optional(name, value)).toEqual(read);
  });

  test.each<[Name, string]>([
    ['PORT', '0'],
    ['PORT', '80.5'],
    ['PUBLIC_URL', 'tenantry.example.com'],
    ['DATABASE_URL', 'mysql://db'],
    ['TENANT_DATABASE_SERVERS', '{"acme":'],
    ['TENANT_DATABASE_SERVERS', '{"Acme Corp":"postgres://me@acme/x"}'],
    ['STRIPE_SECRET_KEY', 'pk_test_1'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_1,secret'],
    ['PULUMI_BACKEND_URL', 'postgres://state'],
    ['TENANTRY_SECRETS_PROVIDER', 'alias/x'],
    ['TENANTRY_EXPORTS_URL', '/exports'],
    ['TENANTRY_TENANT_BUCKETS', 's3://everything/'],
    ['TENANTRY_RECEIPT_KEY', 'hunter2'],
    ['TENANTRY_DATABASE_CIDRS', '10.0.0.0'],
    ['TENANTRY_VERTICAL_POD_AUTOSCALER', 'true'],
    ['TENANTRY_DOWNLOADS', 'no'],
    ['TENANTRY_GRACE_MS', '7d'],
    ['TENANTRY_SWEEP_INTERVAL_MS', '0'],
    ['TENANTRY_EXPORT_DAYS', '3651'],
    ['TENANTRY_KUBERNETES_PROVIDER', 'pulumi'],
    ['TENANTRY_MODEL_SEED', 'any'],
    ['SMTP_URL', 'https://mail.example'],
    ['MAIL_FROM', 'x\r\nBcc: a@b.c'],
    ['LOG_LEVEL', 'loud'],
    ['OIDC_ALSO_TRUSTED', '[{"issuer":"https://id.example"}]'],
  ])('of %s=%s is refused, with what it must be, and shown unless it is a secret', (name, value) => {
    const { kind, ...variable } = table[name];
    const shown = 'secret' in variable ? 'wrong' : `"${value}"`;
    expect(() => optional(name, value)).toThrow(`  ${name} is ${shown}: it must be ${kind.form}.`);
    if ('secret' in variable) expect(() => optional(name, value)).not.toThrow(value);
  });

  test('of a required list that is empty is refused', () => {
    expect(() =>
      readVariables({ STRIPE_WEBHOOK_SECRET: ' , ' }, { required: ['STRIPE_WEBHOOK_SECRET'] }),
    ).toThrow('  STRIPE_WEBHOOK_SECRET is wrong: it must be webhook signing secrets');
  });

  test('of nothing but spaces counts as not set', () => {
    expect(readVariables({ PORT: '', HOST: '  ' }, { defaulted: ['PORT'], optional: ['HOST'] })).toEqual({
      PORT: 8080,
      HOST: undefined,
    });
  });
});

describe('a variable that is missing', () => {
  test('has its default only for who wants it', () => {
    expect(readVariables({}, { defaulted: ['TENANTRY_EXPORT_DAYS'], optional: ['PORT'] })).toEqual({
      TENANTRY_EXPORT_DAYS: 30,
      PORT: undefined,
    });
  });

  test('is named with every other that is missing or wrong, and what each must be', () => {
    const attempt = () =>
      readVariables(
        { PORT: 'http' },
        { required: ['DATABASE_URL', 'STRIPE_SECRET_KEY'], defaulted: ['PORT'] },
      );
    expect(attempt).toThrow(EnvironmentError);
    expect(attempt).toThrow(
      [
        'The environment has to be corrected:',
        '  DATABASE_URL is not set: it must be a postgres:// URL.',
        '  STRIPE_SECRET_KEY is not set: it must be a Stripe secret or restricted key (sk_… or rk_…).',
        '  PORT is "http": it must be a number from 1 to 65535.',
      ].join('\n'),
    );
  });

  test('is said to belong to the one that is set', () => {
    expect(() => readVariables({}, { required: ['MAIL_FROM'], requiredWith: 'SMTP_URL' })).toThrow(
      'MAIL_FROM is not set, but SMTP_URL is: it must be an address, or Name <address>.',
    );
  });
});

describe('a file', () => {
  async function fileWith(text: string): Promise<string> {
    const file = join(await mkdtemp(join(inject('runDir'), 'env-')), 'value');
    await writeFile(file, text);
    return file;
  }

  test('holds a secret in place of its variable', async () => {
    const env = { TENANTRY_TOKEN_FILE: await fileWith('token\n') };
    expect(readVariables(env, { optional: ['TENANTRY_TOKEN'] }).TENANTRY_TOKEN).toBe('token');
  });

  test('that cannot be read is named with its variable', () => {
    const env = { STRIPE_SECRET_KEY_FILE: '/nonexistent/key' };
    expect(() => readVariables(env, { required: ['STRIPE_SECRET_KEY'] })).toThrow(
      /STRIPE_SECRET_KEY_FILE must name a file that can be read: .*\/nonexistent\/key/,
    );
  });

  test.each(['', ' \n'])('of %j counts as not set, and its variable is named', async (text) => {
    const env = { STRIPE_WEBHOOK_SECRET_FILE: await fileWith(text) };
    expect(() => readVariables(env, { required: ['STRIPE_WEBHOOK_SECRET'] })).toThrow(
      '  STRIPE_WEBHOOK_SECRET is not set: it must be webhook signing secrets',
    );
    expect(readVariables(env, { optional: ['STRIPE_WEBHOOK_SECRET'] })).toEqual({
      STRIPE_WEBHOOK_SECRET: undefined,
    });
  });

  test('holds secrets only', async () => {
    const env = { LOG_LEVEL_FILE: await fileWith('debug') };
    expect(readVariables(env, { defaulted: ['LOG_LEVEL'] }).LOG_LEVEL).toBe('info');
  });
});
