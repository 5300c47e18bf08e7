import type Stripe from 'stripe';
import { readSubscription } from '../desired/index.ts';
import { type KnownSubscription, listKnownSubscriptions, markSubscription } from '../store/subscriptions.ts';
import type { JobContext } from './context.ts';

/** Marks subscriptions that no webhook announced, and those that have changed since their last fetch. */
export async function compareWithStripe({
  database,
  stripe,
}: Pick<JobContext, 'database' | 'stripe'>): Promise<void> {
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
