import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { readApiEnv } from '../../api/env.ts';
import { readMigrationEnv } from '../../automation/store/env.ts';
import { readWorkerEnv } from '../../automation/worker/env.ts';

const worker = {
  DATABASE_URL: 'postgres://me@127.0.0.1/tenantry',
  TENANT_DATABASE_URL: 'postgres://me@tenants/tenants',
  STRIPE_SECRET_KEY: 'sk_test_1',
  TENANTRY_SECRETS_PROVIDER: 'awskms://alias/prod-us-east-1-state?region=us-east-1',
};

async function fileWith(text: string): Promise<string> {
  const file = join(await mkdtemp(join(inject('runDir'), 'env-')), 'value');
  await writeFile(file, text);
  return file;
}

describe('the environment', () => {
  test('may name the file of a secret instead of having it', async () => {
    const { STRIPE_SECRET_KEY: _, ...rest } = worker;
    const env = readWorkerEnv({ ...rest, STRIPE_SECRET_KEY_FILE: await fileWith('sk_live_2\n') });
    expect(env.stripeSecretKey).toBe('sk_live_2');
  });

  test('takes a value before a file of the same name', async () => {
    const env = readWorkerEnv({ ...worker, STRIPE_SECRET_KEY_FILE: await fileWith('sk_live_2') });
    expect(env.stripeSecretKey).toBe('sk_test_1');
  });

  test('checks what is in a file like any other value, and does not show it', async () => {
    const { STRIPE_SECRET_KEY: _, ...rest } = worker;
    const file = await fileWith('hunter2');
    const attempt = () => readWorkerEnv({ ...rest, STRIPE_SECRET_KEY_FILE: file });
    expect(attempt).toThrow(/STRIPE_SECRET_KEY is wrong: it must be a Stripe secret/);
    expect(attempt).not.toThrow(/hunter2/);
  });

  test('reads both webhook secrets of a rotation from one file', async () => {
    const env = readApiEnv({
      ...worker,
      STRIPE_WEBHOOK_SECRET_FILE: await fileWith('whsec_new, whsec_old\n'),
      OIDC_ISSUER: 'https://id.example.com',
    });
    expect(env.stripeWebhookSecrets).toEqual(['whsec_new', 'whsec_old']);
  });

  test('gives tenants any node, no database server and no recommendations unless the cell has its own', () => {
    expect(readWorkerEnv(worker).tenants).toMatchObject({
      nodePool: null,
      databaseCidrs: [],
      verticalPodAutoscaler: false,
    });
    const own = readWorkerEnv({
      ...worker,
      TENANTRY_NODE_POOL: 'tenants',
      TENANTRY_DATABASE_CIDRS: '10.64.200.0/24,10.64.201.0/24',
      TENANTRY_VERTICAL_POD_AUTOSCALER: 'on',
    });
    expect(own.tenants).toMatchObject({
      nodePool: 'tenants',
      databaseCidrs: ['10.64.200.0/24', '10.64.201.0/24'],
      verticalPodAutoscaler: true,
    });
  });

  test('refuses networks that are none', () => {
    const attempt = () => readWorkerEnv({ ...worker, TENANTRY_DATABASE_CIDRS: '10.64.200.0' });
    expect(attempt).toThrow(/TENANTRY_DATABASE_CIDRS/);
  });

  test('of migrations needs the databases and nothing else', () => {
    const DATABASE_URL = 'postgres://me@db/tenantry';
    expect(readMigrationEnv({ DATABASE_URL, TENANT_DATABASE_URL: 'postgres://me@tenants/tenants' })).toEqual({
      databaseUrl: DATABASE_URL,
      tenantDatabaseUrl: 'postgres://me@tenants/tenants',
      tenantsShareServer: false,
      logLevel: 'info',
    });
    expect(() => readMigrationEnv({})).toThrow(/DATABASE_URL/);
  });

  test("keeps tenants' databases off the control plane's server unless that is asked for", () => {
    const DATABASE_URL = 'postgres://me@localhost/tenantry';
    for (const TENANT_DATABASE_URL of ['', 'postgres://you@127.0.0.1:5432/tenants']) {
      for (const read of [readMigrationEnv, readWorkerEnv]) {
        const attempt = () => read({ ...worker, DATABASE_URL, TENANT_DATABASE_URL });
        expect(attempt).toThrow(
          /TENANT_DATABASE_URL (is not set|names the server of DATABASE_URL): .*every payment/,
        );
        expect(attempt).toThrow(/TENANTRY_TENANTS_SHARE_DATABASE_SERVER=on/);
      }
    }
    const shared = { ...worker, DATABASE_URL, TENANTRY_TENANTS_SHARE_DATABASE_SERVER: 'on' };
    expect(readWorkerEnv({ ...shared, TENANT_DATABASE_URL: '' })).toMatchObject({
      tenantDatabaseUrl: 'postgres://me@localhost/tenantry_tenants',
      tenantsShareServer: true,
    });
  });
});
