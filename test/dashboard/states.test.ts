import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensurePage } from '../../api/dashboard/build.ts';
import { launchChromium } from './chromium.ts';
import { type FakeApi, startFakeApi } from './fake-api.ts';
import { complaintsOf, order, signIn } from './journey.ts';

let dist: string;
let browser: Browser;
let fake: FakeApi;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [browser, { dist }] = await Promise.all([launchChromium(), ensurePage()]);
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  fake = await startFakeApi({ dist });
  context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
  await fake.stop();
});

const heading = (name: string) => page.getByRole('heading', { name, level: 1 });
const alert = () => page.getByRole('alert');

describe('what runs', () => {
  const health = { message: null, wanted: 1, ready: 1, sizes: [], since: null, lookedAt: null };

  it('is shown beside the phase, and why nothing runs, as it changes', async () => {
    fake.put({
      id: 'truns001',
      health: { ...health, state: 'image', ready: 0, message: 'Its image is not there.' },
    });
    await page.goto(`${fake.url}/#/tenants/truns001`);
    await signIn(page);
    await page.locator('[data-phase=active] [data-health=image]').waitFor();
    await page.getByText('It is provisioned, and nothing of it runs').waitFor();
    await page.getByText('Its image is not there.').waitFor();
    fake.say('truns001', 'test.note', 'It starts', { health: { ...health, state: 'running' } });
    await page.locator('[data-phase=active] [data-health=running]').waitFor();
    expect(await page.getByText('nothing of it runs').count()).toBe(0);
    await page.getByRole('link', { name: 'All tenants' }).click();
    await page.locator('.row [data-health=running]').waitFor();
  });

  it('is not said to go on when nobody watches', async () => {
    const lookedAt = '2026-12-01T03:00:00.000Z';
    fake.put({
      id: 'truns002',
      health: {
        ...health,
        state: 'unknown',
        wanted: null,
        ready: null,
        lookedAt,
        message: 'Nobody watches.',
      },
    });
    await page.goto(`${fake.url}/#/tenants/truns002`);
    await signIn(page);
    await page.locator('[data-health=unknown]').waitFor();
    await page.getByText(/Last seen at/).waitFor();
  });
});

describe('the way from a plan to a tenant', () => {
  it('leads over sign-in and payment to an active tenant, without one complaint of the browser', async () => {
    const complaints = complaintsOf(page);
    await page.goto(fake.url);
    await order(page, { product: 'Stream', plan: 'Business', slug: 'acme', seats: 3 });
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.locator('[data-phase=active]').waitFor();
    expect(page.url()).toMatch(/\/#\/tenants\/t\d+$/);
    await heading('tenant-acme').waitFor();
    expect(await page.locator('.readout').textContent()).toMatch(/Provisioned in\s+0\.\d\d s/);
    expect(await page.locator('.step').count()).toBe(7);
    expect(await page.locator('[data-kind=NetworkPolicy] dd').count()).toBe(3);
    expect(complaints.filter((complaint) => !complaint.includes('favicon'))).toEqual([]);
  });

  it('says that nothing was charged when the visitor turns back at the payment page', async () => {
    await page.goto(fake.url);
    await order(page, { product: 'Browsers', plan: 'Professional' });
    await page.getByRole('link', { name: 'Back' }).click();
    await page.getByText('Nothing has been charged').waitFor();
    await page.getByRole('button', { name: 'Continue to payment' }).waitFor();
  });

  it('keeps the visitor from a name that the cluster would refuse', async () => {
    await page.goto(`${fake.url}/#/subscribe/stream/professional`);
    await page.getByRole('button', { name: 'Sign in to subscribe' }).click();
    const name = page.getByLabel('Name of your tenant');
    const complaints: readonly [typed: string, says: string][] = [
      ['Acme', 'Use lower case letters only.'],
      ['1acme', 'Start with a letter.'],
      ['ac_me', 'Use only letters a to z, digits and hyphens.'],
      ['ac--me', 'Use one hyphen at a time.'],
      ['acme-', 'End with a letter or a digit.'],
      ['a', 'A little longer, please.'],
      ['a'.repeat(40), 'That is too long.'],
      ['acme', 'Its namespace will be tenant-acme.'],
    ];
    for (const [typed, says] of complaints) {
      await name.fill(typed);
      await page.getByText(says, { exact: true }).waitFor();
    }
    await page.getByLabel('Seats').fill('0');
    await page.getByText('A whole number from 1 to 10,000.').waitFor();
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    expect(page.url()).toContain('/#/subscribe/stream/professional');
  });

  it('shows in the form why a checkout was refused', async () => {
    await page.goto(fake.url);
    fake.failNext('/v1/checkout', {
      title: 'This name is taken',
      status: 409,
      detail: 'Another tenant is called acme.',
      code: 'name_taken',
      errors: [{ field: 'slug', message: 'is taken' }],
    });
    await order(page, { product: 'Stream', plan: 'Free', slug: 'acme' });
    await alert().getByText('Another tenant is called acme.').waitFor();
    await page.getByText('This name is taken.', { exact: true }).waitFor();
    await page.getByLabel('Name of your tenant').fill('acme-2');
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await page.getByRole('button', { name: 'Pay' }).waitFor();
  });

  it('says after the payment why no tenant comes of it, and promises none', async () => {
    fake.refuseToSetUp({ code: 'cannot_be_set_up', message: 'No plan has the price price_odd.' });
    await page.goto(fake.url);
    await order(page, { product: 'Stream', plan: 'Free', slug: 'acme' });
    await page.getByRole('button', { name: 'Pay' }).click();
    await alert().getByText('No plan has the price price_odd.').waitFor();
    await heading('Payment received').waitFor();
    expect(await page.getByRole('status').count()).toBe(0);
  });

  it('offers a conversation, not a button, where the price is agreed by hand', async () => {
    await page.goto(fake.url);
    const plan = page.locator('[data-product=stream] [data-plan=enterprise]');
    await plan.getByText('Contact us').waitFor();
    expect(await plan.getByRole('link').count()).toBe(0);
  });
});

describe('a tenant in trouble', () => {
  it('says why it failed and when the next try is, and lets the visitor retry', async () => {
    const entry = {
      id: 7,
      at: '2026-11-21T03:00:00.000Z',
      kind: 'operation.failed',
      message: 'Quota exceeded',
      data: {},
    };
    fake.put(
      {
        id: 'tfailed1',
        phase: 'failed',
        outputs: null,
        activeAt: null,
        reason: { code: 'no-room', message: 'The region has no room left.' },
        nextTryAt: '2026-11-21T05:00:00.000Z',
      },
      [entry],
    );
    await page.goto(`${fake.url}/#/tenants/tfailed1`);
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The region has no room left.').waitFor();
    await page.getByText('Next try at').waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.locator('[data-phase=provisioning]').waitFor();
    await page.getByText('A retry was asked for').waitFor();
  });

  it('says why it is suspended and what became of its data', async () => {
    fake.put({
      id: 'tasleep1',
      phase: 'suspended',
      reason: { code: 'payment_overdue', message: 'The last invoice was not paid.' },
    });
    await page.goto(fake.url);
    await signIn(page);
    await page.goto(`${fake.url}/#/tenants/tasleep1`);
    await page.getByText('The last invoice was not paid.').waitFor();
    await page.getByText('its data is kept').waitFor();
  });

  it('shows a refused retry where the button is', async () => {
    fake.put({ id: 'tfailed2', phase: 'failed', reason: { code: 'x', message: 'It broke.' } });
    await page.goto(fake.url);
    await signIn(page);
    await page.goto(`${fake.url}/#/tenants/tfailed2`);
    fake.failNext('/v1/tenants/tfailed2/retry', {
      title: 'Too many retries',
      status: 429,
      detail: 'Wait a minute.',
    });
    await page.getByRole('button', { name: 'Retry' }).click();
    await alert().getByText('Wait a minute.').waitFor();
  });

  it('is not found by anybody else', async () => {
    await page.goto(fake.url);
    await signIn(page);
    await page.goto(`${fake.url}/#/tenants/tforeign`);
    await heading('No such tenant').waitFor();
    await alert().getByText('It does not exist, or is not yours.').waitFor();
  });
});

describe('a connection that breaks', () => {
  it('is taken up again after the last entry seen, and nothing is lost or shown twice', async () => {
    fake.put({ id: 'tlive001', phase: 'provisioning', activeAt: null, outputs: null });
    fake.say('tlive001', 'operation.started', 'First');
    await page.goto(fake.url);
    await signIn(page);
    await page.goto(`${fake.url}/#/tenants/tlive001`);
    await page.getByText('Live', { exact: true }).waitFor();
    fake.say('tlive001', 'operation.progress', 'Second');
    await page.getByText('Second').waitFor();
    fake.dropStreams();
    fake.say('tlive001', 'tenant.active', 'Third', { phase: 'active', activeAt: new Date().toISOString() });
    await page.getByText('Third').waitFor();
    await page.locator('[data-phase=active]').waitFor();
    expect(await page.locator('.step').count()).toBe(3);
    expect(fake.streamsOpenedAfter).toEqual([1, 2]);
  });

  it('shows the problem of the price page in its place and tries again when asked', async () => {
    fake.failNext('/v1/products', {
      title: 'The catalog is away',
      status: 503,
      detail: 'It comes back soon.',
    });
    await page.goto(fake.url);
    await alert().getByText('It comes back soon.').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Stream' }).waitFor();
  });

  it('says so when the service cannot be reached at all', async () => {
    await page.goto(fake.url);
    await page.getByRole('heading', { name: 'Stream' }).waitFor();
    await context.setOffline(true);
    await page.getByRole('link', { name: 'Subscribe to Browsers Professional' }).click();
    await alert().getByText('Tenantry cannot be reached').waitFor();
  });
});

describe('a session', () => {
  it('that the service no longer accepts asks to sign in again, and goes on where it was', async () => {
    fake.put({ id: 'tmine001', namespace: 'customer-tmine001' });
    await page.goto(fake.url);
    await signIn(page);
    fake.failNext('/v1/tenants', { title: 'The token has expired', status: 401, code: 'token-expired' });
    await page.getByRole('link', { name: 'Tenants' }).click();
    await heading('Your session has ended').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('customer-tmine001').waitFor();
    expect(page.url()).toBe(`${fake.url}/#/tenants`);
  });

  it('is over after signing out', async () => {
    await page.goto(fake.url);
    await signIn(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Tenants' }).click();
    await heading('Sign in').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('is not begun by an answer of the issuer that this tab did not ask for', async () => {
    await page.goto(`${fake.url}/?code=stolen&state=forged`);
    await alert().getByText('Signing in did not work').waitFor();
    expect(page.url()).toBe(`${fake.url}/`);
    await page.getByRole('banner').getByRole('button', { name: 'Sign in' }).waitFor();
  });
});
