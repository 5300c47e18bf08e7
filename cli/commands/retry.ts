/** `tenantry retry <id>`: try again now, whatever the waiting time. */
import { tenantPath } from '../api-client.ts';
import { tenant as tenantSchema } from '../api-types.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';

export async function retry(
  connection: Connection,
  output: Output,
  id: string,
  identity: Identity,
): Promise<void> {
  const api = await apiAs(connection, identity);
  const tenant = await api.post(`${tenantPath(id)}/retry`, {}, tenantSchema);
  output.result(
    tenant,
    () => `Tenant ${tenant.id} is being tried again: npm run -s tenantry -- events ${tenant.id} --follow`,
  );
}
