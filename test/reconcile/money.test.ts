import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syncSubscription } from '../../automation/jobs/sync-subscription.ts';
import { insertOrganization } from '../../automation/organizations/organizations.ts';
import { moneyArea } from '../../automation/reconcile/context.ts';
import { approveFinding, dismissFinding } from '../../automation/reconcile/decide.ts';
import { findFinding, listFindings, listOpenFindings } from '../../automation/reconcile/findings.ts';
import { lookAt } from '../../automation/reconcile/look.ts';
import {
  askReconciliation,
  ensureAreas,
  listReconciliations,
} from '../../automation/reconcile/reconciliations.ts';
import { reconcileIfDue } from '../../automation/reconcile/run.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { markSubscription } from '../../automation/store/subscriptions.ts';
import { findTenant } from '../../automation/store/tenants.ts';
import { jobContext } from '../support/job-context.ts';
import { type Account, startAccount } from '../support/stripe.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';
import { type TestContext, testContext } from './context.ts';

let account: Account;
let context: TestContext;

beforeAll(async () => {
  account = await startAccount();
  context = testContext(account);
});
afterAll(async () => {
  context?.close();
  await account?.stop();
});

const look = (options: { heals: boolean } = { heals: true }) => lookAt(context, moneyArea, options);
const found = async () =>
  (await listOpenFindings(account.database, moneyArea)).map(({ key, state }) => `${state} ${key}`).sort();
const decision = (id: number) => ({ id, by: 'ops@example.com', note: 'seen' });
/** Who was just synced counts as busy for a moment. */
const untilAgreed = () =>
  until(async () => {
    await look();
    return (await found()).length === 0;
  });
const deciding = () => ({ ...context, followers: [], policy: { retentionMs: 1000 } });
const auditOf = async (kind: string) =>
  (
    await account.database.query<{ message: string; data: Record<string, unknown> }>(
      'select message, data from tenantry.audit where kind = $1 order by id',
      [kind],
    )
  ).rows;

/** A customer who pays, of whom no webhook has told. */
async function subscribe(lookupKey = 'tenantry:browsers:professional'): Promise<string> {
  const { stripe } = account;
  const customer = await stripe.customers.create({
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  const prices = await stripe.prices.list({ lookup_keys: [lookupKey] });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: prices.data[0]?.id ?? '' }],
  });
  return subscription.id;
}

async function settle(id: string): Promise<void> {
  await markSubscription(account.database, id);
  await syncSubscription(jobContext(account), id);
}

describe('a customer whose webhooks were lost', () => {
  let subscription: string;
  test('is found by the second look, and Stripe is asked again', async () => {
    subscription = await subscribe();
    const patient = { ...context, policy: { ...context.policy, graceMs: 3_600_000 } };
    const first = await lookAt(patient, moneyArea, { heals: true });
    expect(first).toMatchObject({ observed: 1, healed: 0, needsSecondLook: true });
    expect(await found()).toEqual([`suspected paid-without-tenant:${subscription}`]);
    expect(await look({ heals: false })).toMatchObject({ healed: 0 });
    expect(await found()).toEqual([`healing paid-without-tenant:${subscription}`]);
    const marks = () =>
      account.database.query('select 1 from tenantry.subscription_mark where subscription_id = $1', [
        subscription,
      ]);
    expect((await marks()).rowCount).toBe(0);
    expect(await look()).toMatchObject({ healed: 1 });
    expect((await marks()).rowCount).toBe(1);
  });

  test('is no finding while the job is on its way, nor when it is done', async () => {
    expect(await look()).toMatchObject({ observed: 0 });
    await settle(subscription);
    await untilAgreed();
    const [ended] = await listFindings(account.database, { ended: true }, firstPage(1, 'id'));
    expect(ended).toMatchObject({ key: `paid-without-tenant:${subscription}`, heals: 1, state: 'healing' });
    expect(await auditOf('finding.ended')).toHaveLength(1);
  });

  test('who changes the plan and the seats at once is two findings, healed by one question', async () => {
    const { stripe } = account;
    const prices = await stripe.prices.list({ lookup_keys: ['tenantry:browsers:starter'] });
    const { items } = await stripe.subscriptions.retrieve(subscription);
    const item = { id: items.data[0]?.id ?? '', price: prices.data[0]?.id ?? '', quantity: 3 };
    await stripe.subscriptions.update(subscription, { items: [item] });
    await look();
    await look();
    expect((await found()).map((one) => one.split(':')[0])).toEqual([
      'healing wrong-plan',
      'healing wrong-seats',
    ]);
    await settle(subscription);
    await untilAgreed();
  });
});

describe('what only a person may decide', () => {
  test('a tenant whose subscription Stripe does not know is ended when an operator approves', async () => {
    const tenant = await addTenant(account.database, { subscriptionId: 'sub_lost' });
    await settle('sub_lost');
    await look();
    await look();
    expect(await found()).toEqual([`waiting subscription-missing:${tenant.id}`]);
    const [finding] = await listFindings(account.database, { state: 'waiting' }, firstPage(1, 'id'));
    const id = finding?.id ?? 0;
    expect(await approveFinding(deciding(), decision(id))).toMatchObject({ outcome: 'done' });
    const ended = await findTenant(account.database, tenant.id);
    expect(ended).toMatchObject({ desiredState: 'suspended', suspendReason: 'subscription_ended' });
    expect(ended?.deleteAfter).not.toBeNull();
    expect(await approveFinding(deciding(), decision(id))).toMatchObject({ outcome: 'unchanged' });
    expect(await auditOf('finding.approved')).toMatchObject([
      { data: { by: 'ops@example.com', note: 'seen', does: 'end-tenant' } },
    ]);
    await untilAgreed();
    expect(await findFinding(account.database, id)).toMatchObject({
      state: 'approved',
      decidedBy: 'ops@example.com',
    });
  });

  test('a subscription that is billed for a deleted tenant is cancelled when an operator approves', async () => {
    const subscription = await subscribe();
    await settle(subscription);
    await account.database.query(
      `update tenantry.tenant set desired_state = 'deleted' where subscription_id = $1`,
      [subscription],
    );
    await look();
    await look();
    const [finding] = await listFindings(account.database, { state: 'waiting' }, firstPage(1, 'id'));
    expect(finding?.key).toBe(`billed-after-deletion:${subscription}`);
    expect(await approveFinding(deciding(), decision(finding?.id ?? 0))).toMatchObject({ outcome: 'done' });
    expect(await account.stripe.subscriptions.retrieve(subscription)).toMatchObject({ status: 'canceled' });
    await settle(subscription);
    await untilAgreed();
  });

  test('nothing is done about a tenant that is not as it was found', async () => {
    const tenant = await addTenant(account.database, { subscriptionId: null });
    await look();
    await look();
    const [finding] = await listFindings(
      account.database,
      { kind: 'tenant-without-subscription' },
      firstPage(1, 'id'),
    );
    await account.database.query(`update tenantry.tenant set desired_state = 'deleted' where id = $1`, [
      tenant.id,
    ]);
    expect(await approveFinding(deciding(), decision(finding?.id ?? 0))).toMatchObject({
      outcome: 'changed',
    });
    expect(await findFinding(account.database, finding?.id ?? 0)).toMatchObject({
      state: 'waiting',
      decidedBy: null,
    });
    await untilAgreed();
  });

  test('a customer made for an organization that has another one waits, and stays dismissed', async () => {
    const organization = await insertOrganization(account.database, { name: 'Acme', slug: 'acme' });
    const customer = await account.stripe.customers.create({
      metadata: { tenantry_organization: organization?.id ?? '' },
    });
    // Made in the same second, by the clock of Stripe.
    const later = { ...context, now: () => new Date(account.now().getTime() + 2000) };
    await lookAt(later, moneyArea, { heals: true });
    await lookAt(later, moneyArea, { heals: true });
    expect(await found()).toEqual([`waiting customer-of-nobody:${customer.id}`]);
    const [finding] = await listFindings(account.database, { state: 'waiting' }, firstPage(1, 'id'));
    const id = finding?.id ?? 0;
    expect(await approveFinding(deciding(), decision(id))).toMatchObject({ outcome: 'by-hand' });
    expect(await dismissFinding(deciding(), decision(id))).toMatchObject({ outcome: 'done' });
    await lookAt(later, moneyArea, { heals: true });
    expect(await found()).toEqual([`dismissed customer-of-nobody:${customer.id}`]);
    expect(await auditOf('finding.dismissed')).toHaveLength(1);
    expect(await approveFinding(deciding(), decision(987_654))).toEqual({ outcome: 'not-found' });
  });
});

describe('a comparison', () => {
  test('is made when its time has come or somebody asks, by one process at a time', async () => {
    const { database } = account;
    await ensureAreas(database, [moneyArea]);
    const all = await Promise.all(
      ['a', 'b', 'c'].map((workerId) => reconcileIfDue({ ...context, workerId }, moneyArea)),
    );
    expect(all.filter((result) => result !== null)).toHaveLength(1);
    expect(await reconcileIfDue(context, moneyArea)).toBeNull();
    const [asked] = await askReconciliation(database, { dryRun: true });
    expect(await reconcileIfDue(context, moneyArea)).toMatchObject({ healed: 0 });
    const [answered] = await listReconciliations(database);
    expect(answered).toMatchObject({ answered: asked?.asked, failure: null });
    expect(answered?.looked['subscriptions at Stripe']).toMatchObject({ calls: 1 });
  });

  test('that cannot be made says why, and ends no finding', async () => {
    const before = await found();
    await askReconciliation(account.database, { dryRun: false });
    const away = {
      ...context,
      stripe: {
        subscriptions: { list: () => Promise.reject(new Error('away')) },
        customers: { list: () => Promise.reject(new Error('away')) },
      } as never,
    };
    expect(await reconcileIfDue(away, moneyArea)).toBeNull();
    expect(await listReconciliations(account.database)).toMatchObject([{ failure: 'away' }]);
    expect(await found()).toEqual(before);
  });
});
