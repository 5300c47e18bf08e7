/** `tenantry retry <id>`: tries again now, whatever the waiting time. */
import { retryTenant } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantId } from '../tenant-id.ts';

export async function retry(
  connection: Connection,
  output: Output,
  id: string,
  identity: Identity,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const tenant = await retryTenant({ client, path: { id: tenantId(id) } });
  output.result(
    tenant,
    () => `Tenant ${tenant.id} is being tried again: npm run -s tenantry -- events ${tenant.id} --follow`,
  );
}
