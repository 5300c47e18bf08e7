import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LocalEnv, ownPieces, readLocalEnv } from '../../automation/local/env.ts';

const nothingOwn: LocalEnv['own'] = {
  databaseUrl: undefined,
  tenantDatabaseUrl: undefined,
  kubeconfig: undefined,
  stripe: undefined,
  oidcIssuer: undefined,
  pulumiBackendUrl: undefined,
  secretsProvider: undefined,
};
const stripe = { secretKey: 'sk_test_1', webhookSecret: undefined, apiBase: undefined };

describe('the environment of a start', () => {
  test('that says nothing has every piece embedded', () => {
    const env = readLocalEnv({});
    expect(env).toMatchObject({
      home: resolve('.tenantry'),
      port: { number: 8080, explicit: false },
      own: nothingOwn,
      oidcAudience: 'tenantry',
    });
    expect(ownPieces(env)).toEqual([]);
  });

  test.each<[NodeJS.ProcessEnv, Partial<LocalEnv['own']>, string[]]>([
    [
      { DATABASE_URL: 'postgres://me@db' },
      { databaseUrl: 'postgres://me@db' },
      ['PostgreSQL (DATABASE_URL)'],
    ],
    [
      { TENANT_DATABASE_URL: 'postgres://me@tenants' },
      { tenantDatabaseUrl: 'postgres://me@tenants' },
      ["tenants' PostgreSQL (TENANT_DATABASE_URL)"],
    ],
    [{ KUBECONFIG: '/mine' }, { kubeconfig: '/mine' }, ['Kubernetes (KUBECONFIG)']],
    [{ STRIPE_SECRET_KEY: 'sk_test_1' }, { stripe }, ['Stripe (STRIPE_SECRET_KEY)']],
    [
      { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1', STRIPE_API_BASE: 'http://mock' },
      { stripe: { ...stripe, webhookSecret: 'whsec_1', apiBase: 'http://mock' } },
      ['Stripe (STRIPE_SECRET_KEY)'],
    ],
    [{ OIDC_ISSUER: 'https://id' }, { oidcIssuer: 'https://id' }, ['identity provider (OIDC_ISSUER)']],
    [
      { PULUMI_BACKEND_URL: 's3://state' },
      { pulumiBackendUrl: 's3://state' },
      ["stacks' state (PULUMI_BACKEND_URL)"],
    ],
    [
      { TENANTRY_SECRETS_PROVIDER: 'awskms://key' },
      { secretsProvider: 'awskms://key' },
      ['secrets provider (TENANTRY_SECRETS_PROVIDER)'],
    ],
    // What belongs to a piece replaces nothing without it.
    [{ STRIPE_WEBHOOK_SECRET: 'whsec_1', STRIPE_API_BASE: 'http://mock', OIDC_AUDIENCE: 'me' }, {}, []],
    [{ DATABASE_URL: '', KUBECONFIG: ' ', STRIPE_SECRET_KEY: '' }, {}, []],
  ])('%o replaces just that', (variables, own, named) => {
    const env = readLocalEnv(variables);
    expect(env.own).toEqual({ ...nothingOwn, ...own });
    expect(ownPieces(env)).toEqual(named);
  });

  test('names the home, the port and the audience', () => {
    expect(readLocalEnv({ TENANTRY_HOME: 'here', PORT: '9000', OIDC_AUDIENCE: 'me' })).toMatchObject({
      home: join(process.cwd(), 'here'),
      port: { number: 9000, explicit: true },
      oidcAudience: 'me',
    });
  });

  test.each(['0', '65536', '80.5', 'http'])('refuses PORT=%s', (port) => {
    expect(() => readLocalEnv({ PORT: port })).toThrow(
      `PORT is "${port}": it must be a number from 1 to 65535.`,
    );
  });
});
