/** How long a customer who pays waits while the worker has other things to do. */
import { planLookupKey } from '../../../tenants/catalog/index.ts';
import {
  deliver,
  inTurns,
  type Payment,
  type Purchase,
  pay,
  provision,
  purchases,
  watchTenants,
} from '../customer.ts';
import type { Installation } from '../installation.ts';
import type { Row } from '../row.ts';
import { duration, Samples, summarize } from '../samples.ts';

const targetP99Ms = 5_000;
const atOnce = 4;

export const busy: Row = {
  name: 'busy',
  async run({ quick, install, say }) {
    const [changes, deletions, payments] = quick ? [20, 10, 5] : [200, 100, 20];
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    const watch = await watchTenants(installation);
    const standing: Payment[] = [];
    for (const purchase of changeable(changes + deletions)) standing.push(await pay(installation, purchase));
    await inTurns(atOnce, standing, (payment) => provision(installation, watch, payment));
    say(`${standing.length} tenants stand`);
    const bought: Payment[] = [];
    for (const purchase of purchases(payments)) bought.push(await pay(installation, purchase));
    await installation.untilQuiet();

    const newest = (await installation.stripe.events.list({ limit: 1 })).data[0]?.id ?? '';
    for (const one of standing.slice(0, changes)) await changePlan(installation, one);
    for (const { subscriptionId } of standing.slice(changes))
      await installation.stripe.subscriptions.cancel(subscriptionId);
    const events = await eventsSince(installation, newest);
    await inTurns(atOnce, events, (event) => deliver(installation, event));
    const queuedAtFirst = await undone(installation);

    const samples = new Samples();
    for (const payment of bought) {
      const { ms } = await provision(installation, watch, payment);
      samples.add('ms', ms);
      say(`busy ${payment.purchase.product}/${payment.purchase.plan}: ${duration(ms)}`);
    }
    const queuedAtLast = await undone(installation);
    const { p50, p99 } = summarize(samples.of('ms'));
    return [
      {
        figure: `payment to active while ${changes} plan changes and ${deletions} deletions are queued (p99)`,
        measured: `${duration(p99)} (p50 ${duration(p50)})`,
        target: duration(targetP99Ms),
        peer: 'the cold row',
        met: p99 < targetP99Ms && queuedAtLast > 0,
        notes: [
          `${payments} payments one after another; ${queuedAtFirst} tenants waited for the worker when the first began, ${queuedAtLast} when the last was active`,
        ],
        samples: samples.summaries(),
        values: { queued_at_first: queuedAtFirst, queued_at_last: queuedAtLast },
      },
    ];
  },
};

/** Purchases whose product has another plan to change to. */
function changeable(count: number): Purchase[] {
  return purchases(count * 2)
    .filter((purchase) => otherPlan(purchase) !== undefined)
    .slice(0, count);
}

function otherPlan({ product, plan }: Purchase): string | undefined {
  return purchases(100).find((other) => other.product === product && other.plan !== plan)?.plan;
}

async function changePlan({ stripe }: Installation, { purchase, subscriptionId }: Payment): Promise<void> {
  const lookup = planLookupKey(purchase.product, otherPlan(purchase) ?? '');
  const [subscription, prices] = await Promise.all([
    stripe.subscriptions.retrieve(subscriptionId),
    stripe.prices.list({ lookup_keys: [lookup] }),
  ]);
  await stripe.subscriptions.update(subscriptionId, {
    items: [{ id: subscription.items.data[0]?.id ?? '', price: prices.data[0]?.id ?? '' }],
  });
}

async function eventsSince({ stripe }: Installation, newest: string) {
  const events: { readonly id: string }[] = [];
  for await (const event of stripe.events.list({ limit: 100, ending_before: newest })) events.push(event);
  return events;
}

/** Tenants that are not yet as wanted. */
async function undone({ database }: Installation): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    'select count(*) from tenantry.tenant where observed_generation <> desired_generation',
  );
  return rows[0]?.count ?? 0;
}
