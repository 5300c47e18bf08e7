import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/wait.ts';
import { disagreements } from './agreement.ts';
import { type Customer, newCustomer, running } from './customer.ts';
import { modelSeed } from './env.ts';
import { isStep, type Step, stepsOf, takeSteps } from './steps.ts';
import { policy } from './worker.ts';
import { startWorld, type World } from './world.ts';

/**
 * Two hundred customers of one world take thirty steps each; after every ten everything comes to rest and is
 * compared. The seed gives the same sequences, faults and points of death; how they interleave depends on the
 * machine.
 */

const sequences = 200;
const length = 30;
const rests = 3;
/** Some of those do not fit the moment, like changing a plan without having one. */
const generated = length * 6;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

/** What a person needs to understand a disagreement. */
function tell(seed: number, wrong: readonly string[], customers: readonly Customer[]): string {
  const stories = customers
    .filter((customer) =>
      [customer.name, ...customer.subscriptions.map(({ id }) => id)].some((id) =>
        wrong.some((sentence) => sentence.includes(id)),
      ),
    )
    .slice(0, 3)
    .map(({ name, subscriptions, story }) => [name, JSON.stringify(subscriptions), ...story].join('\n  '));
  return [`seed ${seed}; again with TENANTRY_MODEL_SEED=${seed}`, ...wrong.slice(0, 30), ...stories].join(
    '\n',
  );
}

test('what a killed update made is removed when the plan is another one before the next try', async () => {
  const { service, stripeClient } = world;
  const answer = await service.request('POST', '/v1/checkout', {
    token: await service.identity.token('hasty', 'tenant'),
    body: { product: 'browsers', plan: 'starter' },
  });
  const session = service.simulator.payCheckout(
    /cs_\w+/.exec((answer.body as { url: string }).url)?.[0] ?? '',
  );
  const id = String(session.subscription);
  await world.rest();
  const become = async (plan: string) => {
    const [item] = (await stripeClient.subscriptions.retrieve(id)).items.data;
    const [price] = (await stripeClient.prices.list({ lookup_keys: [`tenantry:browsers:${plan}`] })).data;
    await stripeClient.subscriptions.update(id, { items: [{ id: item?.id ?? '', price: price?.id ?? '' }] });
    await until(() => service.simulator.state().deliveries.pending === 0);
  };
  const before = (await objectsOf(id)).length;
  // The engine dies in an update, after all objects and before its state is written.
  await become('professional');
  const unlucky = world.worker({ fate: { diesAfter: () => null, fails: () => true } });
  await unlucky.work(6);
  world.dismiss(unlucky);
  expect((await objectsOf(id)).length).toBeGreaterThan(before);
  await become('starter');
  // Nor does it get to know them in its next operation, which fails; what follows at once would have succeeded.
  let operations = 0;
  const hasty = world.worker({
    fate: {
      diesAfter: () => null,
      fails: () => {
        operations += 1;
        return operations === 1;
      },
    },
  });
  await hasty.work(6);
  world.dismiss(hasty);
  await world.rest();
  expect(await disagreements(world, [])).toEqual([]);
  expect((await objectsOf(id)).length).toBe(before);
  await stripeClient.subscriptions.cancel(id);
});

async function objectsOf(subscription: string): Promise<readonly string[]> {
  const { rows } = await world.database.query<{ namespace: string }>(
    'select namespace from tenantry.tenant where subscription_id = $1',
    [subscription],
  );
  return [...(world.cluster.namespaces.get(rows[0]?.namespace ?? '')?.objects.keys() ?? [])];
}

test(`after ${sequences} sequences of ${length} steps Stripe, rows, ledger and cluster agree`, async () => {
  const seed = modelSeed();
  console.info(`model: seed ${seed}`);
  const [given = []] = fc.sample(
    fc.array(fc.array(stepsOf(0.25), { minLength: generated, maxLength: generated }), {
      minLength: sequences,
      maxLength: sequences,
    }),
    { seed, numRuns: 1 },
  );
  const all = given.map((steps, index) => ({
    customer: newCustomer(`customer-${index}`),
    steps,
  }));
  const customers = all.map(({ customer }) => customer);
  const agree = async () => {
    await world.rest();
    const wrong = await disagreements(world, customers);
    if (wrong.length > 0) expect.fail(tell(seed, wrong, customers));
  };
  for (let rest = 0; rest < rests; rest += 1) {
    const part = (list: readonly Step[]) =>
      list.slice((rest * generated) / rests, ((rest + 1) * generated) / rests);
    await takeSteps(
      world,
      all.map(({ customer, steps }) => ({ customer, steps: part(steps) })),
      length / rests,
    );
    await agree();
  }
  const steps = customers.flatMap(({ story }) => story.filter(isStep));
  expect(steps.length).toBeGreaterThanOrEqual(sequences * length);
  console.info(
    `model: ${steps.length} steps; ${JSON.stringify({ ...world.counts, ...world.cluster.operations })}`,
  );
  expect(world.counts.killed).toBeGreaterThan(20);

  // Everybody leaves; once all retention is over, nothing is left.
  for (const customer of customers) {
    for (const subscription of running(customer)) {
      const ended = await world.stripeClient.subscriptions.cancel(subscription.id).catch(() => null);
      if (ended) subscription.ended = true;
    }
  }
  await agree();
  await world.service.simulator.advanceClock({ seconds: policy.retentionMs / 1000 + 86_400 });
  await agree();
  const slots = await world.database.query<{ namespace: string }>(
    'select namespace from tenantry.tenant where slot',
  );
  expect([...world.cluster.namespaces.keys()].sort()).toEqual(slots.rows.map((row) => row.namespace).sort());
}, 1_800_000);
