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

export function jobsWork(context: JobContext): Work {
  // A crash of the server may lose a sync, because it loses the settling of its marks with it.
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

async function replenish(context: JobContext): Promise<void> {
  await reserveStacks(context);
  await refillSlots(context);
  // Replaces the stacks that the slots took.
  await reserveStacks(context);
}
