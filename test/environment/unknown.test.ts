import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, inject, test } from 'vitest';
import { unknownVariables } from '../../automation/environment/index.ts';
import { freshDatabase } from '../support/database.ts';

const root = resolve(import.meta.dirname, '../..');

describe('a TENANTRY_ variable that does not exist', () => {
  test.each([
    ['TENANTRY_GRACE', 'TENANTRY_GRACE_MS'],
    ['TENANTRY_RUNER', 'TENANTRY_RUNNERS'],
    ['TENANTRY_SLOT_PER_PRODUCT', 'TENANTRY_SLOTS_PER_PRODUCT'],
    ['TENANTRY_RECEIPT_KEY_FLIE', 'TENANTRY_RECEIPT_KEY_FILE'],
    ['TENANTRY_TOOL_KUBECTI', 'TENANTRY_TOOL_KUBECTL'],
  ])('%s is told with the nearest that does', (name, nearest) => {
    expect(unknownVariables({ [name]: '1' })).toEqual([`${name} has no effect: did you mean ${nearest}?`]);
  });

  test('and is near to none is told with where all are listed', () => {
    expect(unknownVariables({ TENANTRY_FLUX_CAPACITOR: '1' })).toEqual([
      'TENANTRY_FLUX_CAPACITOR has no effect: docs/configuration.md lists the variables there are.',
    ]);
  });

  test('is none of these', () => {
    const env = { TENANTRY_GRACE_MS: '1', TENANTRY_RECEIPT_KEY_FILE: '/key', TENANCY: '1', GRACE_MS: '1' };
    expect(unknownVariables(env)).toEqual([]);
  });

  test('is warned of once by a command, which does its work all the same', async () => {
    const child = spawn(process.execPath, [join(root, 'cli/main.ts'), '--help'], {
      env: { ...process.env, TENANTRY_TOKE: 'x' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [err, code] = await Promise.all([
      text(child.stderr),
      new Promise((done) => child.once('exit', done)),
    ]);
    expect(err.match(/TENANTRY_TOKE has no effect: did you mean TENANTRY_TOKEN\?/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  test('is warned of once in the log of a process, which does its work all the same', async () => {
    const database = await freshDatabase();
    try {
      const child = spawn(process.execPath, [join(root, 'automation/migrate.ts')], {
        env: {
          ...process.env,
          DATABASE_URL: database.url,
          TENANT_DATABASE_URL: inject('tenantPostgresUrl'),
          TENANTRY_CEL: 'x',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [out, code] = await Promise.all([
        text(child.stdout),
        new Promise((done) => child.once('exit', done)),
      ]);
      expect(out.match(/TENANTRY_CEL has no effect: did you mean TENANTRY_CELL\?/g)).toHaveLength(1);
      expect(code).toBe(0);
    } finally {
      await database.drop();
    }
  });
});

test('a command whose environment is wrong says so in a sentence, as a document with --json', async () => {
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'tenants', '--json'], {
    env: { ...process.env, STRIPE_SECRET_KEY: 'hunter2' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [out, code] = await Promise.all([
    text(child.stdout),
    new Promise((done) => child.once('exit', done)),
  ]);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toEqual({
    error: { code: 'environment', message: expect.stringMatching(/STRIPE_SECRET_KEY is wrong: it must be/) },
  });
  expect(out).not.toContain('hunter2');
});
