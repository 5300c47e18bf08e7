/** `tenantry tenants`. */
import { type ListTenantsData, listTenants } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import { type ListOptions, type QueryOf, readList } from '../lists.ts';
import type { Output } from '../output.ts';
import { tenantsText } from '../text/tenants.ts';

export async function tenants(
  connection: Connection,
  output: Output,
  options: Identity & ListOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const found = await readList(
    output,
    { list: 'listTenants', usual: 50, options },
    (query: QueryOf<ListTenantsData>) => listTenants({ client, query }),
    (page) => page.tenants,
  );
  output.result(found, () => tenantsText(found.tenants, Date.now()));
}
