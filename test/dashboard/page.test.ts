import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensurePage } from '../../api/dashboard/build.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { launchChromium } from './chromium.ts';
import { complaintsOf, order } from './journey.ts';

/** The page in Chromium over the whole service: simulated Stripe, real engine, Kubernetes and PostgreSQL. */

let tenantry: Tenantry;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [tenantry, browser] = await Promise.all([startTenantry(), launchChromium(), ensurePage()]);
});
afterAll(async () => {
  await browser?.close();
  await tenantry?.stop();
});
beforeEach(async () => {
  context = await browser.newContext();
  context.setDefaultTimeout(120_000);
  page = await context.newPage();
});
afterEach(() => context.close());

function signInAs(email: string): (page: Page) => Promise<void> {
  return async (atIssuer) => {
    await atIssuer.getByLabel('E-mail').fill(email);
    await atIssuer.getByRole('button', { name: 'Sign in' }).click();
  };
}

describe('the page over the real service', () => {
  it('shows every plan of the catalog, with a button on those that can be bought', async () => {
    await page.goto(tenantry.api);
    for (const product of catalog) {
      const section = page.locator(`[data-product=${product.id}]`);
      await section.getByRole('heading', { name: product.name, exact: true }).waitFor();
      for (const plan of product.plans) {
        const links = await section.locator(`[data-plan=${plan.id}]`).getByRole('link').count();
        expect(links, `${product.id} ${plan.id}`).toBe(plan.price.kind === 'custom' ? 0 : 1);
      }
    }
  });

  it('leads from a plan over sign-in and payment to a tenant that is live until active', async () => {
    const complaints = complaintsOf(page);
    await page.goto(tenantry.api);
    await order(
      page,
      { product: 'Stream', plan: 'Business', slug: 'page-acme', seats: 2 },
      signInAs('ada@example.com'),
    );
    await page.getByText('$198.00').first().waitFor();
    await page.getByRole('button', { name: 'Pay' }).click();

    await page.getByRole('heading', { name: 'tenant-page-acme', level: 1 }).waitFor();
    await page.locator('[data-phase=active]').waitFor();
    expect(await page.locator('.readout-figure').textContent()).toMatch(/^\d+\.\d+ s$/);
    await page.locator('[data-kind="tenant.active"]').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    for (const kind of ['Namespace', 'ResourceQuota', 'NetworkPolicy', 'Deployment']) {
      await page.locator(`.objects [data-kind=${kind}]`).waitFor();
    }

    const id = page.url().split('/').at(-1);
    const { body } = await tenantry.request('GET', `/v1/tenants/${id}`);
    expect(body).toMatchObject({ phase: 'active', slug: 'page-acme', namespace: 'tenant-page-acme' });

    await page.getByRole('link', { name: 'All tenants' }).click();
    await page.getByRole('link', { name: 'tenant-page-acme' }).waitFor();
    const ours = complaints.filter((complaint) => !complaint.includes('/favicon.ico'));
    expect(ours).toEqual([]);
  });

  it('says in the form that a name is taken, and does not show a tenant to a stranger', async () => {
    const stranger = signInAs('eve@example.com');
    await page.goto(tenantry.api);
    await order(page, { product: 'Stream', plan: 'Business', slug: 'page-acme' }, stranger);
    await page.getByText('This name is taken.', { exact: true }).waitFor();

    const { body } = await tenantry.request('GET', '/v1/tenants?product=stream');
    const [tenant] = (body as { tenants: { id: string }[] }).tenants;
    await page.goto(`${tenantry.api}/#/tenants/${tenant?.id}`);
    await page.getByRole('heading', { name: 'No such tenant' }).waitFor();
    await page.getByRole('link', { name: 'See all your tenants' }).click();
    await page.getByText('You have no tenants yet.').waitFor();
  });

  it('shows an operator, and nobody else, what subscriptions bring', async () => {
    await page.goto(`${tenantry.api}/#/figures`);
    const door = page.getByRole('main').getByRole('button', { name: 'Sign in' });
    await door.click();
    await signInAs('eve@example.com')(page);
    await page.getByText('This needs a token with the scope "operator".').first().waitFor();
    expect(await page.getByRole('link', { name: 'Figures' }).count()).toBe(0);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await door.click();
    await page.getByLabel(/operator/).check();
    await signInAs('olga@example.com')(page);
    await page.getByRole('link', { name: 'Figures' }).waitFor();
    // Two seats that were bought above.
    await page.locator('[data-figure=mrr]').getByText('$198', { exact: true }).waitFor();
    await page.locator('[data-product=stream]').getByText('business 1').waitFor();
  });

  it('goes on showing the timeline after the service was killed and came back', async () => {
    await page.goto(tenantry.api);
    await order(page, { product: 'Inbox', plan: 'Starter' }, signInAs('grace@example.com'));
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.locator('[data-phase=active]').waitFor();
    const steps = await page.locator('.step').count();
    await tenantry.programs.api.kill();
    await page.getByText('Reconnecting').waitFor();
    await tenantry.restartApi();
    await page.getByText('Live', { exact: true }).waitFor();
    const id = page.url().split('/').at(-1);
    const { body } = await tenantry.request('GET', `/v1/tenants/${id}`);
    const { subscription } = body as { subscription: { id: string } };
    await tenantry.stripeClient.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await page.getByText('Ends', { exact: true }).waitFor();
    expect(await page.locator('.step').count()).toBeGreaterThan(steps);
  });
});
