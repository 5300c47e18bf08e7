import { suspendMessages } from '../desired/index.ts';
import { changeTenant, type Following } from '../followers.ts';
import { record } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { changeDesired, findTenant, ringTenant } from '../store/tenants.ts';
import { type Brake, changeByBrake } from './brake.ts';
import { settleBrake } from './means.ts';

/**
 * Throttles, pauses or resumes a tenant by what it has left to spend. The job is rung when a balance reaches or leaves zero
 * or a budget nears its end, and by the sweep. It only sets the desired state; the ordinary loop does the rest.
 */
export async function brakeTenant(
  context: Following & { readonly database: Database },
  tenantId: string,
): Promise<void> {
  const { database, now } = context;
  await database.transaction(async (client) => {
    const tenant = await findTenant(client, tenantId, { lock: true });
    if (!tenant || tenant.desiredState === 'deleted') return;
    const { product, plan } = tenant.desiredSpec;
    const { brake, changed } = await settleBrake(client, { id: tenant.id, product, plan }, now());
    const change = changeByBrake(tenant, brake);
    if (change) {
      await changeTenant(client, context, tenant, (db) => changeDesired(db, tenant.id, change));
      await ringTenant(client, tenant);
    }
    if (!change && !changed) return;
    await record(client, {
      tenantId: tenant.id,
      subscriptionId: tenant.subscriptionId,
      kind: 'tenant.brake',
      message: messageOf(brake),
      data: { level: brake.level, reason: brake.reason, state: change?.state ?? tenant.desiredState },
    });
  });
}

function messageOf(brake: Brake): string {
  switch (brake.level) {
    case 'none':
      return 'The brake is off: the tenant continues';
    case 'throttled':
      return `Throttled, because ${brake.reason === 'credits_exhausted' ? 'running work holds its last credits' : 'nine tenths of a limit are used'}`;
    case 'paused':
      return `Paused: ${suspendMessages[brake.reason]}`;
  }
}
