import { newTenantId } from '../desired/index.ts';
import { addReservedStacks, countReservedStacks } from '../store/stacks.ts';
import type { JobContext } from './context.ts';

/** How many stacks one operation initialises: few enough that a payment does not wait long for its runner. */
const stacksAtOnce = 16;

/**
 * Keeps initialised stacks ready: initialising one takes a third of the time of creating a tenant, and a payment should
 * not wait for it. Stacks that a crash leaves unregistered are empty and have no owner; their ids are never used again.
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
        context.log.warn({ result }, 'cannot initialise stacks ahead');
        return;
      }
      await addReservedStacks(database, cell.id, result.initialised ?? {});
    } finally {
      runner.release();
    }
  }
}
