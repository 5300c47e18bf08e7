import { readFile } from 'node:fs/promises';
import type pg from 'pg';

type Settings = Pick<
  pg.ClientConfig,
  'connectionString' | 'host' | 'port' | 'user' | 'database' | 'ssl' | 'password'
>;

/**
 * How to connect to the database of a URL. Where the URL names a file in `password_file`, each connection reads the
 * password from it, so that a rotated one is used at once; such a connection uses TLS, and the server must prove its
 * name (`sslmode=verify-full`).
 * @throws Error when a URL with `password_file` asks for anything less
 */
export function connectionTo(databaseUrl: string): Settings {
  const url = new URL(databaseUrl);
  const file = url.searchParams.get('password_file');
  if (file === null) return { connectionString: databaseUrl };
  if (url.searchParams.get('sslmode') !== 'verify-full' || url.password !== '') {
    throw new Error('a database URL with password_file must have sslmode=verify-full and no password');
  }
  return {
    host: url.hostname,
    port: Number(url.port || '5432'),
    user: decodeURIComponent(url.username),
    database: decodeURIComponent(url.pathname.slice(1)),
    ssl: { rejectUnauthorized: true },
    password: async () => (await readFile(file, 'utf8')).trim(),
  };
}
