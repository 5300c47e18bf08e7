import type { Follower, TenantChange } from '../followers.ts';
import type { Queryable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';
import { emit, factsOf } from './outbox.ts';

/** Emits an event for each change of a tenant, in the transaction that makes the change. */
export const notifyFollower: Follower = {
  name: 'notify',
  tenantChanged: (client, tenant, change, at) => tell(client, tenant, change, at),
};

async function tell(client: Queryable, tenant: Tenant, change: TenantChange, at: Date): Promise<void> {
  const about = { tenantId: tenant.id };
  const facts = { tenant: factsOf(tenant) };
  switch (change.kind) {
    case 'created':
    case 'active':
    case 'resumed':
    case 'deleted':
      await emit(client, `tenant.${change.kind}`, about, facts, at);
      return;
    case 'suspended':
      await emit(client, 'tenant.suspended', about, { ...facts, reason: change.reason }, at);
      return;
    case 'plan_changed':
      await emit(client, 'tenant.plan_changed', about, { ...facts, from: change.from, to: change.to }, at);
      return;
    case 'deletion_scheduled': {
      const deleteAfter = change.deleteAfter.toISOString();
      await emit(client, 'tenant.deletion_scheduled', about, { ...facts, deleteAfter }, at);
      return;
    }
    // There is no event for seats alone; every other event carries them.
    case 'seats_changed':
      return;
    // `tenant.resumed` tells of the first, `tenant.deleted` of the second's end.
    case 'deletion_cancelled':
    case 'deleting':
      return;
  }
}
