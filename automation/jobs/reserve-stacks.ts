import { newTenantId } from '../desired/index.ts';
import { addReservedStacks, countReservedStacks } from '../store/stacks.ts';
import type { JobContext } from './context.ts';

/** Stacks of one operation, few enough that a payment does not wait long for its runner. */
const stacksAtOnce = 16;

/**
 * Keeps initialised stacks ready: an engine that only initialises a stack costs a third of a tenant's creation, and a
 * payment must not wait for it. Stacks that a crash leaves unregistered are empty and have no owner; their ids are
 * never used again.
 */
export async function reserveStacks(context: JobContext): Promise<void> {
  const { database, cell, policy, runners } = context;
  for (;;) {
    const missing = policy.reservedStacks - (await countReservedStacks(database, cell.id));
    if (missing <= 0) return;
    const tenantIds = Array.from({ length: Math.min(missing, stacksAtOnce) }, newTenantId);
    const runner = await runners.acquire();
    try {
      const result = await runner.run(
        { kind: 'init', tenantIds },
        { timeoutMs: policy.operationTimeoutMs, permitMs: policy.operationTimeoutMs },
      );
      if (result.outcome !== 'succeeded') {
        context.log.warn({ result }, 'stacks could not be initialised ahead of need');
        return;
      }
      await addReservedStacks(database, cell.id, result.initialised ?? {});
    } finally {
      runner.release();
    }
  }
}
