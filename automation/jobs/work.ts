import { z } from 'zod';
import { replenishJob } from '../store/stacks.ts';
import { convergeJob } from '../store/tenants.ts';
import { paced, task, tenantPayload, type Work } from '../work/index.ts';
import { compareWithStripe } from './compare-with-stripe.ts';
import type { JobContext } from './context.ts';
import { convergeTenant } from './converge-tenant.ts';
import { refillSlots } from './refill-slots.ts';
import { reserveStacks } from './reserve-stacks.ts';
import { checkDrift, endRetention, ringDirty, ringTenants } from './ring-due.ts';
import { syncSubscription } from './sync-subscription.ts';

/** The two loops: from a subscription to what is wanted of its tenant, and from there to what stands. */
export function jobsWork(context: JobContext): Work {
  // A crash of the server may forget a sync, as that forgets with it that its marks are settled.
  const relaxed = { ...context, database: context.relaxedDatabase };
  const sync = paced(context.policy.fetchesPerSecond, (id: string) => syncSubscription(relaxed, id));
  return {
    tasks: {
      payments: {
        'sync-subscription': task(z.object({ subscriptionId: z.string() }), ({ subscriptionId }) =>
          sync(subscriptionId),
        ),
      },
      tenants: {
        [convergeJob(context.cell.id)]: task(tenantPayload, ({ tenantId }) =>
          convergeTenant(context, tenantId),
        ),
        [replenishJob(context.cell.id)]: () => replenish(context),
      },
    },
    sweep: {
      shared: {
        compareWithStripe: () => compareWithStripe(context),
        ringDirty: () => ringDirty(context),
      },
      cell: {
        endRetention: () => endRetention(context),
        ringTenants: () => ringTenants(context),
        reserveStacks: () => reserveStacks(context),
        refillSlots: () => refillSlots(context),
        checkDrift: () => checkDrift(context),
      },
    },
  };
}

/** Keeps stacks and slots ready. */
async function replenish(context: JobContext): Promise<void> {
  await reserveStacks(context);
  await refillSlots(context);
  // In place of those that the slots took.
  await reserveStacks(context);
}
