import { readFile } from 'node:fs/promises';
import pg from 'pg';

type Settings = Pick<
  pg.ClientConfig,
  'connectionString' | 'host' | 'port' | 'user' | 'database' | 'ssl' | 'password'
>;

/**
 * How to connect to the database of a URL. Where the URL names a file in `password_file`, each connection reads its
 * password from there, so that it uses a rotated one at once. Such a connection uses TLS and verifies the server's name
 * (`sslmode=verify-full`).
 * @throws Error when a URL with `password_file` has another `sslmode`, or a password
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

/** A database, and how a connection to it calls itself. */
export interface Connecting {
  readonly url: string;
  readonly name?: string;
}

/** Connects for one piece of work. @throws what connecting or the work throws */
export async function withClient<T>(
  { url, name }: Connecting,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    ...connectionTo(url),
    ...(name !== undefined && { application_name: name }),
  });
  // A connection that ends fails the query that uses it; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
