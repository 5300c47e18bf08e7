/** `tenantry token`: an access token for your own requests. */
import { decodeJwt } from 'jose';
import { type Connection, type Identity, tokenFor } from '../connection.ts';
import type { Output } from '../output.ts';

export async function token(connection: Connection, output: Output, identity: Identity): Promise<void> {
  const value = await tokenFor(connection, identity);
  const { sub, email, scope, exp } = decodeJwt(value);
  const expiresAt = exp === undefined ? null : new Date(exp * 1000).toISOString();
  output.result({ token: value, subject: sub, email, scope, expiresAt }, () => value);
}
