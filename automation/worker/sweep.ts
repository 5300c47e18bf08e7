import type Stripe from 'stripe';
import { readSubscription } from '../desired/subscription-facts.ts';
import { takeReturns } from '../figures/returns.ts';
import type { JobContext } from '../jobs/context.ts';
import { endTenant } from '../jobs/end-tenant.ts';
import { keepInbox } from '../jobs/keep-inbox.ts';
import { refillSlots } from '../jobs/refill-slots.ts';
import { reserveStacks } from '../jobs/reserve-stacks.ts';
import { keepLedger } from '../ledger/upkeep.ts';
import { ringDueMails } from '../mail/mail.ts';
import { keepNotifications } from '../notify/index.ts';
import { ringOpenEnds } from '../offboarding/ring-open.ts';
import { record } from '../store/audit.ts';
import { ringUnresolvedEvents } from '../store/events.ts';
import {
  type KnownSubscription,
  listDirtySubscriptions,
  listGraceExpired,
  listKnownSubscriptions,
  markSubscription,
  ringSubscriptions,
} from '../store/subscriptions.ts';
import {
  findTenant,
  listDriftUnchecked,
  listRetentionExpired,
  listUnconverged,
  ringTenant,
} from '../store/tenants.ts';
import { withTurn } from '../store/turns.ts';

/** Rows that one step of a sweep takes at most; the next sweep takes the rest. */
const batch = 500;

export const sweepParts = ['shared', 'cell'] as const;
/** What concerns all cells, which is mostly Stripe, and what concerns the worker's own. */
export type SweepPart = (typeof sweepParts)[number];

export type SweepSteps = Readonly<Record<string, (context: JobContext) => Promise<void>>>;

const steps: Record<SweepPart, SweepSteps> = {
  shared: {
    compareWithStripe,
    ringDirty,
    keepInbox,
    keepLedger: ({ database, now }) => keepLedger(database, now()),
    takeReturns: ({ database, stripe }) => takeReturns(database, stripe),
    ringDueMails: ({ database }) => ringDueMails(database, batch),
    keepNotifications: ({ database, now }) => keepNotifications(database, now(), batch),
  },
  cell: {
    endRetention,
    ringTenants,
    ringOpenEnds: ({ database, cell, now }) =>
      ringOpenEnds(database, { cell: cell.id, now: now(), limit: batch }),
    reserveStacks,
    refillSlots,
    checkDrift,
  },
};

/**
 * Makes right what webhooks make fast: with every webhook and every doorbell lost, sweeps alone converge. The shared part
 * is done by one worker of all at a time, a cell's by one of its own. Each step stands alone, so that one that fails
 * (Stripe is down, say) does not keep the others from their work.
 * @param more steps that come after the part's own
 * @returns the steps that failed; null when another worker is at it
 */
export async function sweep(
  context: JobContext,
  part: SweepPart,
  more: SweepSteps = {},
): Promise<readonly string[] | null> {
  const { database, policy, cell, workerId } = context;
  const turn = {
    name: part === 'shared' ? 'sweep' : `sweep:${cell.id}`,
    holder: workerId,
    ttlMs: policy.leaseTtlMs,
  };
  return withTurn(database, turn, async () => {
    const failed: string[] = [];
    for (const [name, step] of Object.entries({ ...steps[part], ...more })) {
      try {
        await step(context);
      } catch (error) {
        failed.push(name);
        context.log.error({ step: name, error }, 'a step of the sweep failed');
      }
    }
    return failed;
  });
}

/** Finds subscriptions that no webhook told us about, and those that have changed since we fetched them. */
async function compareWithStripe({ database, stripe }: JobContext): Promise<void> {
  let page: Stripe.Subscription[] = [];
  const compare = async () => {
    const known = await listKnownSubscriptions(
      database,
      page.map((subscription) => subscription.id),
    );
    for (const subscription of page) {
      if (differs(subscription, known.get(subscription.id)))
        await markSubscription(database, subscription.id);
    }
    page = [];
  };
  for await (const subscription of stripe.subscriptions.list({ status: 'all', limit: 100 })) {
    page.push(subscription);
    if (page.length === 100) await compare();
  }
  await compare();
}

function differs(subscription: Stripe.Subscription, known: KnownSubscription | undefined): boolean {
  if (!known) return true;
  const { status, cancelAtPeriodEnd, currentPeriodEnd, bought } = readSubscription(subscription);
  if (known.status !== status || known.cancelAtPeriodEnd !== cancelAtPeriodEnd) return true;
  if (known.currentPeriodEnd?.getTime() !== currentPeriodEnd?.getTime()) return true;
  if ('problem' in bought) return false;
  return known.plan !== `${bought.product}:${bought.plan}` || known.seats !== bought.seats;
}

async function ringDirty({ database, policy, now }: JobContext): Promise<void> {
  await ringUnresolvedEvents(database, batch);
  await ringSubscriptions(database, await listDirtySubscriptions(database, batch, now()));
  for (const id of await listGraceExpired(database, policy.graceMs, batch, now())) {
    await markSubscription(database, id);
  }
}

/** Data whose time of keeping is over is deleted. */
async function endRetention(context: JobContext): Promise<void> {
  const { database, cell, now } = context;
  for (const id of await listRetentionExpired(database, cell.id, batch, now())) {
    await database.transaction(async (client) => {
      const tenant = await findTenant(client, id, { lock: true });
      if (!tenant || tenant.desiredState === 'deleted' || !tenant.deleteAfter) return;
      await record(
        client,
        await endTenant(client, context, tenant, 'as the time for which its data is kept is over'),
      );
    });
  }
}

/** Tenants that are not what they should be and that nobody is working on. */
async function ringTenants({ database, cell, now }: JobContext): Promise<void> {
  for (const tenant of await listUnconverged(database, cell.id, batch, now()))
    await ringTenant(database, tenant);
}

/** A few tenants each time, those first that were not looked at for longest. */
async function checkDrift({ database, cell, policy }: JobContext): Promise<void> {
  for (const tenant of await listDriftUnchecked(database, cell.id, policy.driftChecksPerSweep)) {
    await ringTenant(database, tenant, { priority: 20 });
  }
}
