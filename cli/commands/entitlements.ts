/** `tenantry entitlements <id>`: what a tenant may do now, and what is left of it. */
import { getEntitlements } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantId } from '../tenant-id.ts';
import { entitlementsText } from '../text/entitlements.ts';

export async function entitlements(
  connection: Connection,
  output: Output,
  id: string,
  identity: Identity,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const found = await getEntitlements({ client, path: { id: tenantId(id) } });
  output.result(found, () => entitlementsText(found));
}
