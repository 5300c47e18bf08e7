import { expect, test } from 'vitest';
import { catalog } from '../../../tenants/catalog/index.ts';
import { promotions } from '../../../tenants/catalog/promotions.ts';
import { command } from '../../cli/command.ts';
import { secretKey, simulate } from '../../local/stripe/simulated.ts';

test('the command shows the difference, asks before it changes anything, and changes nothing twice', async () => {
  const { simulator, stripe } = await simulate({ catalog, promotions });
  const sync = (...options: string[]) =>
    command('/nowhere', ['catalog', 'sync', ...options], {
      stripeSecretKey: secretKey,
      stripeApiBase: simulator.url,
    });
  const [price] = (await stripe.prices.list({ lookup_keys: ['tenantry:agents:pro'] })).data;
  await stripe.prices.update(price?.id ?? '', { nickname: 'Other' });
  const nickname = async () => (await stripe.prices.retrieve(price?.id ?? '')).nickname;

  const shown = await sync('--dry-run');
  expect([shown.exitCode, shown.stdout]).toEqual([
    0,
    `~ update price tenantry:agents:pro (${price?.id})\n    nickname: Other -> Pro\n1 change.\n`,
  ]);
  const unasked = await sync('--json');
  expect([unasked.exitCode, unasked.json()]).toMatchObject([2, { error: { code: 'not_confirmed' } }]);
  expect(await nickname()).toBe('Other');

  const made = await sync('--yes', '--json');
  expect([made.exitCode, made.json()]).toMatchObject([
    0,
    { applied: true, changes: [{ kind: 'price', action: 'update', key: 'tenantry:agents:pro' }], kept: [] },
  ]);
  expect(await nickname()).toBe('Pro');
  const again = await sync('--yes');
  expect([again.exitCode, again.stdout]).toEqual([0, 'Stripe has the catalog: nothing to change.\n']);
});

test('without an account there is nothing to compare with', async () => {
  const outcome = await command('/nowhere', ['catalog', 'sync', '--dry-run', '--json']);
  expect([outcome.exitCode, outcome.json()]).toMatchObject([2, { error: { code: 'no_stripe_key' } }]);
});
