/** `tenantry tenants`: newest first. */
import { type ListTenantsData, listTenants, type Tenant, type TenantList } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantsText } from '../text/tenants.ts';

type Filter = NonNullable<ListTenantsData['query']>;

export interface TenantsOptions extends Identity {
  phase?: Filter['phase'];
  product?: Filter['product'];
  /** Default 50. */
  limit?: number;
  all?: boolean;
}

/** The service's largest page. */
const pageSize = 200;

export async function tenants(
  connection: Connection,
  output: Output,
  options: TenantsOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const wanted = options.all ? Number.POSITIVE_INFINITY : (options.limit ?? 50);
  const found: Tenant[] = [];
  const { phase, product } = options;
  let cursor: string | null = null;
  do {
    const page: TenantList = await listTenants({
      client,
      query: {
        limit: Math.min(pageSize, wanted - found.length),
        ...(phase !== undefined && { phase }),
        ...(product !== undefined && { product }),
        ...(cursor !== null && { cursor }),
      },
    });
    found.push(...page.tenants);
    cursor = page.nextCursor;
  } while (cursor !== null && found.length < wanted);
  output.result({ tenants: found, nextCursor: cursor }, () => tenantsText(found, Date.now()));
  if (cursor !== null) output.progress(`More than ${found.length}: --limit <n> or --all shows them.`);
}
