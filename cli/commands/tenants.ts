/** `tenantry tenants`: newest first. */
import { type Tenant, tenantList } from '../api-types.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantsText } from '../text/tenants.ts';

export interface TenantsOptions extends Identity {
  phase?: string;
  product?: string;
  /** Default 50. */
  limit?: number;
  all?: boolean;
}

/** Most that the service gives at once. */
const pageSize = 100;

export async function tenants(
  connection: Connection,
  output: Output,
  options: TenantsOptions,
): Promise<void> {
  const api = await apiAs(connection, options);
  const wanted = options.all ? Number.POSITIVE_INFINITY : (options.limit ?? 50);
  const found: Tenant[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(pageSize, wanted - found.length)) });
    if (options.phase !== undefined) query.set('phase', options.phase);
    if (options.product !== undefined) query.set('product', options.product);
    if (cursor !== null) query.set('cursor', cursor);
    const page: { tenants: Tenant[]; nextCursor: string | null } = await api.get(
      `/v1/tenants?${query}`,
      tenantList,
    );
    found.push(...page.tenants);
    cursor = page.nextCursor;
  } while (cursor !== null && found.length < wanted);
  output.result({ tenants: found, nextCursor: cursor }, () => tenantsText(found, Date.now()));
  if (cursor !== null) output.progress(`More than ${found.length}: --limit <n> or --all shows them.`);
}
