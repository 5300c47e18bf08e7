import { catalog } from '../../tenants/catalog/index.ts';
import { newTenantId, ownerlessSpec } from '../desired/index.ts';
import { changeTenant } from '../followers.ts';
import { endTenant } from '../offboarding/index.ts';
import { record } from '../store/audit.ts';
import { onlyRow } from '../store/database.ts';
import { takeReservedStack } from '../store/stacks.ts';
import { insertTenant, lockFailedSlots, ringTenant } from '../store/tenants.ts';
import type { JobContext } from './context.ts';

/**
 * Keeps warm slots: tenants without an owner that are provisioned ahead, for each product whose names do not depend on the
 * customer. The ordinary loop provisions them. There is one pool per product and cell, never larger than the policy says,
 * however many workers refill it. A failed slot keeps its place until the policy lets it be deleted, so that a lasting
 * fault does not make slot after slot.
 */
export async function refillSlots(context: JobContext): Promise<void> {
  const { database, cell, policy, now } = context;
  for (const product of catalog) {
    const plan = product.slotPlan;
    if (plan === null) continue;
    await database.transaction(async (client) => {
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `tenantry.slots:${cell.id}:${product.id}`,
      ]);
      for (const slot of await lockFailedSlots(client, { product: product.id, cell: cell.id, ...policy })) {
        await record(
          client,
          await endTenant(client, context, slot, 'because it failed; another slot takes its place'),
        );
      }
      const { count } = onlyRow(
        await client.query<{ count: number }>(
          `select count(*) from tenantry.tenant where slot and cell = $1 and product = $2 and phase <> 'deleted'`,
          [cell.id, product.id],
        ),
      );
      for (let missing = policy.slotsPerProduct - count; missing > 0; missing -= 1) {
        const reserved = await takeReservedStack(client, cell.id);
        const tenantId = reserved?.tenantId ?? newTenantId();
        const spec = ownerlessSpec({ tenantId, product: product.id, plan, cell, createdAt: now() });
        const stackSettings = reserved?.stackSettings ?? null;
        await changeTenant(client, context, null, (db) =>
          insertTenant(db, { spec, subscriptionId: null, slot: true, stackSettings }),
        );
        await ringTenant(client, { id: tenantId, cell: cell.id });
        await record(client, {
          tenantId,
          kind: 'slot.requested',
          message: `A tenant of ${product.id} is prepared ahead`,
          audience: 'operator',
        });
      }
    });
  }
}
