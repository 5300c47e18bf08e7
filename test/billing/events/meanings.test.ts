import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventMeanings, meaningOf, needsHandling } from '../../../automation/billing/events/meanings.ts';

test('the table in the documentation is the one of the code', async () => {
  const text = await readFile(new URL('../../../docs/stripe.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z_.]+)` \| ([a-z-]+) \| (.+?) \|$/gm)].map(
    ([, type, effect, says]) => [type, { effect, says }],
  );
  expect(Object.fromEntries(rows)).toEqual(eventMeanings);
});

test.each([
  ['v1.charge.dispute.created', true],
  ['charge.dispute.created', true],
  ['customer.subscription.updated', false],
  ['price.updated', false],
  ['toString', false],
  ['moon.full', false],
])('%s needs a job of its own: %s', (type, needs) => {
  expect(needsHandling(type)).toBe(needs);
});

test('what the table does not know means nothing', () => {
  expect(meaningOf('constructor')).toBeNull();
  expect(meaningOf('v2.core.account.updated')).toBeNull();
});
