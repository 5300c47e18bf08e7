import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { connectionTo } from '../../automation/store/connection.ts';

const withFile = (file: string, rest = 'sslmode=verify-full') =>
  `postgres://tenantry@db.example.com/tenantry?${rest}&password_file=${encodeURIComponent(file)}`;

describe('a database URL', () => {
  test('is taken as it is without a file for its password', () => {
    const url = 'postgres://me:secret@127.0.0.1:5433/tenantry?sslmode=disable';
    expect(connectionTo(url)).toEqual({ connectionString: url });
  });

  test('names where, who and what, by verified TLS', () => {
    expect(connectionTo(withFile('/run/secrets/password'))).toMatchObject({
      host: 'db.example.com',
      port: 5432,
      user: 'tenantry',
      database: 'tenantry',
      ssl: { rejectUnauthorized: true },
    });
  });

  test('has its password read anew for each connection', async () => {
    const file = join(await mkdtemp(join(inject('runDir'), 'password-')), 'password');
    const { password } = connectionTo(withFile(file));
    if (typeof password !== 'function') throw new Error('the password is fixed');
    await writeFile(file, 'before\n');
    expect(await password()).toBe('before');
    await writeFile(file, 'after the rotation\n');
    expect(await password()).toBe('after the rotation');
  });

  test.each([
    ['without TLS', withFile('/p', 'sslmode=disable')],
    ['by TLS that verifies nothing', withFile('/p', 'sslmode=no-verify')],
    ['with two passwords', withFile('/p').replace('tenantry@', 'tenantry:secret@')],
  ])('with a password file is refused %s, without showing it', (_how, url) => {
    const attempt = () => connectionTo(url);
    expect(attempt).toThrow(/sslmode=verify-full and no password/);
    expect(attempt).not.toThrow(/secret/);
  });
});
