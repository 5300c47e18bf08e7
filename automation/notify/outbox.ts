import { onlyRow, type Queryable, storable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';
import type { EventData, EventType, TenantFacts } from './events.ts';

export type About = { readonly tenantId: string } | { readonly organizationId: string };

/**
 * Writes an event into the outbox and rings, so that every endpoint that wants it gets it at least once. Call it in the
 * transaction of the change that it tells of, so that both commit or neither does.
 * @returns the event's id: `webhook-id` for receivers
 */
export async function emit<Type extends EventType>(
  db: Queryable,
  type: Type,
  about: About,
  data: EventData<Type>,
  at: Date | null = null,
): Promise<string> {
  const row = onlyRow(
    await db.query<{ id: string }>(
      `select tenantry.notify_emit($1, $2, $3, $4::jsonb, coalesce($5, clock_timestamp())) as id`,
      [
        type,
        'tenantId' in about ? about.tenantId : null,
        'organizationId' in about ? about.organizationId : null,
        JSON.stringify(data, (_key, value) => (typeof value === 'string' ? storable(value) : value)),
        at,
      ],
    ),
  );
  return row.id;
}

/** Sends a test event to one endpoint, whatever events it has chosen. Sends nothing when it is disabled. */
export async function emitTest(db: Queryable, endpointId: string): Promise<string> {
  const row = onlyRow(
    await db.query<{ id: string }>(
      `select tenantry.notify_emit('notifications.test', null, null, jsonb_build_object('endpoint', $1::text),
         clock_timestamp(), $1) as id`,
      [endpointId],
    ),
  );
  return row.id;
}

/** What events say of a tenant: nothing that only operators may read. */
export function factsOf(tenant: Tenant): TenantFacts {
  return {
    id: tenant.id,
    product: tenant.product,
    plan: tenant.desiredSpec.plan,
    seats: tenant.desiredSpec.seats,
    slug: tenant.slug,
    namespace: tenant.namespace,
    region: tenant.desiredSpec.region,
    owner: tenant.owner,
    phase: tenant.phase,
    state: tenant.desiredState,
    subscription: tenant.subscriptionId,
    serviceUrl: tenant.outputs?.serviceUrl ?? null,
    createdAt: tenant.createdAt.toISOString(),
  };
}
