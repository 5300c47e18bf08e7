import { afterAll, beforeAll, expect, test } from 'vitest';
import { listOpenAlerts } from '../../../automation/billing/events/notices-rows.ts';
import { planReplay } from '../../../automation/billing/events/replay.ts';
import { resolveStripeEvent } from '../../../automation/billing/events/resolve-event.ts';
import { command } from '../../cli/command.ts';
import { subscribe } from '../../local/stripe/simulated.ts';
import { jobContext } from '../../support/job-context.ts';
import { type Service, startService } from '../../support/service.ts';
import { until } from '../../support/wait.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

interface Row {
  readonly id: string;
  readonly type: string;
  readonly snapshotId: string | null;
}

async function stored(type: string): Promise<Row[]> {
  const { rows } = await service.database.query<Row>(
    `select id, type, snapshot_id as "snapshotId" from tenantry.stripe_event
     where type in ($1, 'v1.' || $1) order by type`,
    [type],
  );
  return rows;
}

test('two destinations, one of each form, bring every event twice; people are told once', async () => {
  const { simulator, stripe, database, webhookSecret } = service;
  const url = `${service.url}/webhooks/stripe`;
  simulator.setDestinations([
    { url, secret: webhookSecret, form: 'snapshot' },
    { url, secret: webhookSecret, form: 'thin' },
  ]);
  const { subscription } = await subscribe({ simulator, stripe }, 'byoc');
  simulator.disputeInvoice(subscription.latest_invoice as string, 'general');
  await until(async () => (await stored('charge.dispute.created')).length === 2);
  const [snapshot, thin] = await stored('charge.dispute.created');
  expect([snapshot?.type, thin?.type]).toEqual(['charge.dispute.created', 'v1.charge.dispute.created']);
  expect([snapshot?.snapshotId, thin?.snapshotId]).toEqual([null, snapshot?.id]);

  const context = jobContext({ database, stripe });
  for (const { id } of await stored('charge.dispute.created')) await resolveStripeEvent(context, id);
  expect(await listOpenAlerts(database, 10)).toHaveLength(1);
  const { rows } = await database.query(`select 1 from tenantry.audit where kind = 'stripe.dispute'`);
  expect(rows).toHaveLength(1);

  // With one form only nothing is missing either.
  await database.query('delete from tenantry.stripe_event where id = $1', [snapshot?.id]);
  const selection = { since: new Date(0), type: 'charge.dispute.created' };
  expect((await planReplay(database, stripe, selection, new Date())).missed).toEqual([]);
});

test('the command replays nothing unless it is said what', async () => {
  const outcome = await command('/nowhere', ['events', 'replay', '--json']);
  expect([outcome.exitCode, outcome.json()]).toMatchObject([2, { error: { code: 'usage' } }]);
});
