import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InvoiceView, SubscriptionView } from '../../api/contract/billing.ts';
import type { TenantView } from '../../api/contract/tenant.ts';
import { readPublicKeys, verifyReceipt } from '../../automation/offboarding/receipt.ts';
import { keyId } from '../../automation/offboarding/signing-key.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { clusterObjectsOf } from '../support/cluster-objects.ts';
import { isSettled, subscribe, untilTenantIs } from '../support/customer.ts';
import { type EndState, endStateOf } from '../support/end-state.ts';
import { remainsOf } from '../support/remains.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';

let tenantry: Tenantry;
beforeAll(async () => {
  tenantry = await startTenantry({ variables: { TENANTRY_GRACE_MS: '600000' } });
});
afterAll(() => tenantry?.stop());

async function changePlan(tenant: TenantView, plan: string): Promise<void> {
  const path = `/v1/subscriptions/${tenant.subscription?.id}/change`;
  expect(await tenantry.request('POST', path, { body: { plan } })).toMatchObject({
    status: 200,
    body: { plan },
  });
}

async function live<T>(path: string): Promise<T> {
  return (await tenantry.cluster.send({ method: 'GET', path })) as T;
}

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
  };
}
interface Container {
  readonly resources: { readonly limits: { readonly cpu: string } };
}

const sold = catalog.map(({ id: product, plans }) => {
  const [plan, higher] = plans.filter(({ price }) => price.kind !== 'custom');
  if (!plan || !higher) throw new Error(`${product} has no two plans with a price`);
  return { product, plan: plan.id, higher: higher.id, volumeGrows: plan.volumeBytes !== higher.volumeBytes };
});

/** The objects of a state that are of a kind. */
function ofKind(state: EndState, wanted: string): Deployment[] {
  return (state.objects as (Deployment & { kind: string })[]).filter(({ kind }) => kind === wanted);
}

describe.concurrent.each(sold)('the product $product', ({ product, plan, higher, volumeGrows }) => {
  let tenant: TenantView;
  /** On its first plan again, after the higher one. */
  let before: EndState;

  async function untilOn(wanted: string): Promise<EndState> {
    await untilTenantIs(
      tenantry,
      tenant.id,
      (seen) => seen.observed.plan === wanted && isSettled('active')(seen),
    );
    return endStateOf(tenantry, tenant);
  }

  test.sequential('a payment becomes an active tenant whose objects are all in the cluster', async () => {
    ({ tenant } = await subscribe(tenantry, `${product}@example.com`, {
      product,
      plan,
      slug: `life-${product}`,
    }));
    expect(tenant.outputs?.objects.length).toBeGreaterThan(8);
    const found = await clusterObjectsOf(tenantry.cluster, tenant);
    for (const { apiVersion, kind, name, namespace } of tenant.outputs?.objects ?? []) {
      expect(found).toContainEqual(
        expect.objectContaining({
          apiVersion,
          kind,
          metadata: expect.objectContaining({
            name,
            ...(namespace !== null && { namespace }),
            labels: expect.objectContaining({ 'tenantry.dev/tenant': tenant.id }),
          }),
        }),
      );
    }
    // Another look at it, and what the engine says it has applied is what stands.
    const path = `/v1/tenants/${tenant.id}`;
    const { desired } = (await tenantry.request('POST', `${path}/retry`)).body as TenantView;
    await untilTenantIs(tenantry, tenant.id, (now) => now.observed.generation >= desired.generation);
    const { entries } = (await tenantry.request('GET', `${path}/timeline`)).body as {
      entries: { kind: string }[];
    };
    expect(entries.map(({ kind }) => kind)).not.toContain('tenant.drifted');
  });

  test.sequential('a higher plan raises it, and the first one brings it back to where it was', async () => {
    const first = await untilOn(plan);
    await changePlan(tenant, higher);
    const raised = await untilOn(higher);
    expect(ofKind(raised, 'ResourceQuota')).not.toEqual(ofKind(first, 'ResourceQuota'));
    await changePlan(tenant, plan);
    before = await untilOn(plan);
    // A volume never shrinks.
    if (volumeGrows) expect(before).not.toEqual(first);
    else expect(before).toEqual(first);
  });

  test.sequential('a pause takes its compute to zero and keeps its data, and the end of it brings all back', async () => {
    const subscription = tenant.subscription?.id ?? '';
    const whatRuns = async () =>
      ((await clusterObjectsOf(tenantry.cluster, tenant)) as unknown as (Deployment & { kind: string })[])
        .filter(({ kind }) => kind === 'Deployment')
        .map(({ spec }) => spec.replicas > 0);
    const ran = await whatRuns();
    await tenantry.stripeClient.subscriptions.pause(subscription);
    await untilTenantIs(tenantry, tenant.id, isSettled('suspended'));
    const suspended = await endStateOf(tenantry, tenant);
    expect(await whatRuns()).toEqual(ran.map(() => false));
    const data = (state: EndState) => [ofKind(state, 'PersistentVolumeClaim'), state.postgres];
    expect(data(suspended)).toEqual(data(before));
    await tenantry.stripeClient.subscriptions.resume(subscription);
    expect(await untilOn(plan)).toEqual(before);
    expect(await whatRuns()).toEqual(ran);
  });

  test.sequential('a cancelled subscription leaves nothing behind', async () => {
    await tenantry.stripeClient.subscriptions.cancel(tenant.subscription?.id ?? '');
    await untilTenantIs(tenantry, tenant.id, isSettled('deleted'));
    expect(await remainsOf(tenantry, tenant)).toEqual([]);
  });

  test.sequential('its end was exported first, and is proven by a receipt that anybody can check', async () => {
    const text = await until(
      async () => {
        const answer = await tenantry.request('GET', `/v1/tenants/${tenant.id}/receipt`);
        return answer.status === 200 && JSON.stringify(answer.body);
      },
      { what: 'the receipt' },
    );
    const keys = JSON.stringify((await tenantry.request('GET', '/v1/receipt-keys')).body);
    const receipt = verifyReceipt(text, readPublicKeys(keys, keyId));
    expect(receipt).toMatchObject({ tenant: { id: tenant.id, product }, export: { made: true } });
    const places = Object.fromEntries(receipt.checks.map((check) => [check.area, check.places]));
    // Every kind of object that the cluster has, not only those that tenants are made of.
    expect(places).toMatchObject({ postgres: 4, state: 4, stripe: 3 });
    expect(places.kubernetes).toBeGreaterThan(40);
  });
});

interface Claim {
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
}

describe('the life of a workspace', () => {
  let tenant: TenantView;
  let token: string;
  const deployment = async () => {
    const path = `/apis/apps/v1/namespaces/${tenant.namespace}/deployments`;
    return (await live<{ items: Deployment[] }>(path)).items[0];
  };
  const claims = async () => {
    const path = `/api/v1/namespaces/${tenant.namespace}/persistentvolumeclaims`;
    return (await live<{ items: Claim[] }>(path)).items;
  };
  const cpuLimit = async () => (await deployment())?.spec.template.spec.containers[0]?.resources.limits.cpu;

  test('an upgrade raises the limits and the volume', async () => {
    ({ tenant, token } = await subscribe(tenantry, 'ada@example.com', {
      product: 'workspace',
      plan: 'byoc',
    }));
    expect(await cpuLimit()).toBe('2');
    await changePlan(tenant, 'we-manage');
    tenant = await untilTenantIs(
      tenantry,
      tenant.id,
      (seen) => seen.observed.plan === 'we-manage' && isSettled('active')(seen),
    );
    expect(await cpuLimit()).toBe('4');
    expect((await claims())[0]?.spec.resources.requests.storage).toBe('100Gi');
  });

  test('a downgrade lowers the limits, keeps the volume and says so', async () => {
    await changePlan(tenant, 'byoc');
    tenant = await untilTenantIs(
      tenantry,
      tenant.id,
      (seen) => seen.observed.plan === 'byoc' && isSettled('active')(seen),
    );
    expect(await cpuLimit()).toBe('2');
    expect((await claims())[0]?.spec.resources.requests.storage).toBe('100Gi');
    const { entries } = (await tenantry.request('GET', `/v1/tenants/${tenant.id}/timeline`)).body as {
      entries: { message: string }[];
    };
    expect(entries.some(({ message }) => /a volume never shrinks/.test(message))).toBe(true);
  });

  test('access is granted while it is active', async () => {
    // It is granted once a pod runs, which is after the tenant is provisioned.
    const answer = await until(async () => {
      const said = await tenantry.request('GET', `/v1/tenants/${tenant.id}/access`, { token });
      return said.status === 200 && said;
    });
    expect(answer).toMatchObject({ body: { namespace: tenant.namespace } });
  });

  test('an overdue payment has grace, then suspends: compute to zero, data kept, access refused with the reason', async () => {
    const subscription = tenant.subscription?.id ?? '';
    const { customer } = await tenantry.stripeClient.subscriptions.retrieve(subscription);
    tenantry.stripe.setCard(String(customer), { works: false });
    await tenantry.stripe.advanceClock({ seconds: 32 * 24 * 3600 });
    tenant = await untilTenantIs(tenantry, tenant.id, (seen) => seen.subscription?.status === 'past_due');
    expect(tenant.desired.state).toBe('active');
    const asked = await tenantry.request('GET', `/v1/subscriptions/${subscription}`, { token });
    const { pastDueSince, graceEndsAt } = asked.body as SubscriptionView;
    expect(Date.parse(graceEndsAt ?? '') - Date.parse(pastDueSince ?? '')).toBe(600_000);
    const body = { plan: 'we-manage' };
    const change = await tenantry.request('POST', `/v1/subscriptions/${subscription}/change`, {
      token,
      body,
    });
    expect(change).toMatchObject({ status: 409, body: { code: 'payment_overdue' } });

    // The grace is over: as if its beginning had been seen longer ago.
    await tenantry.database.query(
      `update tenantry.subscription set past_due_since = now() - interval '1 hour' where id = $1`,
      [subscription],
    );
    tenant = await untilTenantIs(tenantry, tenant.id, isSettled('suspended'));
    expect((await deployment())?.spec.replicas).toBe(0);
    expect(await claims()).toHaveLength(1);
    const refused = await tenantry.request('GET', `/v1/tenants/${tenant.id}/access`, { token });
    expect(refused).toMatchObject({
      status: 402,
      body: { code: 'suspended', detail: expect.stringMatching(/overdue/) },
    });
  });

  test('a payment that succeeds after all resumes it', async () => {
    const subscription = tenant.subscription?.id ?? '';
    const path = `/v1/invoices?subscription=${subscription}&status=open`;
    const { invoices } = (await tenantry.request('GET', path, { token })).body as { invoices: InvoiceView[] };
    expect(invoices).toHaveLength(1);
    const pay = () => tenantry.request('POST', `/v1/invoices/${invoices[0]?.id}/pay`, { token });
    expect(await pay()).toMatchObject({ status: 402, body: { code: 'payment_declined' } });
    const { customer } = await tenantry.stripeClient.subscriptions.retrieve(subscription);
    tenantry.stripe.setCard(String(customer), { works: true });
    expect(await pay()).toMatchObject({ status: 200, body: { status: 'paid' } });
    tenant = await untilTenantIs(tenantry, tenant.id, isSettled('active'));
    expect((await deployment())?.spec.replicas).toBe(1);
  });
});

test('whoever subscribes again within the retention gets the same tenant back', async () => {
  const kept = await startTenantry({ variables: { TENANTRY_RETENTION_MS: '3600000' } });
  try {
    const first = await subscribe(kept, 'grace@example.com', { product: 'workspace', plan: 'byoc' });
    await kept.stripeClient.subscriptions.cancel(first.tenant.subscription?.id ?? '');
    const suspended = await untilTenantIs(kept, first.tenant.id, isSettled('suspended'));
    expect(suspended.deleteAfter).not.toBeNull();
    expect(suspended.reason?.code).toBe('subscription_ended');
    const again = await subscribe(kept, 'grace@example.com', { product: 'workspace', plan: 'byoc' });
    expect(again.tenant.id).toBe(first.tenant.id);
    expect(again.tenant.deleteAfter).toBeNull();
  } finally {
    await kept.stop();
  }
});

test('whoever subscribes again while the old tenant is being deleted gets a new one of the same name', async () => {
  const first = await subscribe(tenantry, 'alan@example.com', {
    product: 'stream',
    plan: 'free',
    slug: 'again',
  });
  await tenantry.stripeClient.subscriptions.cancel(first.tenant.subscription?.id ?? '');
  await untilTenantIs(tenantry, first.tenant.id, ({ desired }) => desired.state === 'deleted', {
    intervalMs: 5,
  });
  const second = await subscribe(tenantry, 'alan@example.com', {
    product: 'stream',
    plan: 'free',
    slug: 'again',
  });
  expect(second.tenant.id).not.toBe(first.tenant.id);
  expect(second.tenant.namespace).toBe(first.tenant.namespace);
  await until(async () =>
    isSettled('deleted')((await tenantry.request('GET', `/v1/tenants/${first.tenant.id}`)).body),
  );
});

test('a tenant whose plan has left the catalog is deleted all the same', async () => {
  const { tenant } = await subscribe(tenantry, 'ivy@example.com', { product: 'workspace', plan: 'byoc' });
  const { database, stripeClient } = tenantry;
  const subscription = tenant.subscription?.id ?? '';
  // As a version without the plan finds it: neither the price nor the specs name one that it knows.
  const { id: product } = await stripeClient.products.create({ name: 'Retired' });
  const retired = await stripeClient.prices.create({
    product,
    currency: 'usd',
    unit_amount: 1500,
    recurring: { interval: 'month' },
  });
  const { items } = await stripeClient.subscriptions.retrieve(subscription);
  await stripeClient.subscriptions.update(subscription, {
    items: [{ id: items.data[0]?.id ?? '', price: retired.id }],
  });
  await until(async () => {
    const { rowCount } = await database.query(
      'select 1 from tenantry.subscription where id = $1 and problem is not null',
      [subscription],
    );
    return rowCount === 1;
  });
  await database.query(
    `update tenantry.tenant set desired_spec = desired_spec || $2, observed_spec = observed_spec || $2 where id = $1`,
    [tenant.id, JSON.stringify({ plan: 'retired' })],
  );
  await stripeClient.subscriptions.cancel(subscription);
  const deleted = await untilTenantIs(tenantry, tenant.id, isSettled('deleted'));
  expect(deleted.plan).toBe('retired');
  expect(await remainsOf(tenantry, tenant)).toEqual([]);
});
