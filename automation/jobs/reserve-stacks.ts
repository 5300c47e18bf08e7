import { addReservedStack, countReservedStacks } from '../store/stacks.ts';
import type { JobContext } from './context.ts';
import { newTenantId } from './tenant-id.ts';

/**
 * Keeps initialised stacks ready: `pulumi stack init` costs as much as a third of a tenant's creation, and a payment
 * must not wait for it. A stack that a crash leaves behind unregistered is empty and owned by nobody; its id is
 * never used again.
 */
export async function reserveStacks(context: JobContext): Promise<void> {
  const { database, cell, policy, runners } = context;
  while ((await countReservedStacks(database, cell.id)) < policy.reservedStacks) {
    const runner = await runners.acquire();
    try {
      const tenantId = newTenantId();
      const result = await runner.run(
        { kind: 'init', tenantId },
        { timeoutMs: policy.operationTimeoutMs, permitMs: policy.operationTimeoutMs },
      );
      if (result.outcome !== 'succeeded' || !result.stackSettings) {
        context.log.warn({ result }, 'a stack could not be initialised ahead of need');
        return;
      }
      await addReservedStack(database, cell.id, { tenantId, stackSettings: result.stackSettings });
    } finally {
      runner.release();
    }
  }
}
