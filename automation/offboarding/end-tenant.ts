import { changeTenant, type Following } from '../followers.ts';
import type { NewAuditEntry } from '../store/audit.ts';
import type { Queryable } from '../store/database.ts';
import { changeDesired, ringTenant, type Tenant } from '../store/tenants.ts';

/**
 * Has a tenant deleted, and rings for it. Call it in a transaction that has locked the tenant's row.
 * @returns the audit entry to record last in the transaction
 */
export async function endTenant(
  client: Queryable,
  following: Following,
  tenant: Tenant,
  why: string,
): Promise<NewAuditEntry> {
  const { desiredSpec: spec, suspendReason } = tenant;
  await changeTenant(client, following, tenant, (db) =>
    changeDesired(db, tenant.id, { state: 'deleted', spec, suspendReason, deleteAfter: null }),
  );
  await ringTenant(client, tenant);
  return {
    tenantId: tenant.id,
    subscriptionId: tenant.subscriptionId,
    kind: 'tenant.desired',
    message: `Wanted: deleted, ${why}`,
    data: { state: 'deleted' },
  };
}
