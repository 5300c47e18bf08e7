import type { Page } from 'playwright-core';

/** Everything the page complains about: scripts that throw, and what its content security policy refuses. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
  });
  return complaints;
}

export interface Order {
  readonly product: string;
  readonly plan: string;
  readonly slug?: string;
  readonly seats?: number;
}

/**
 * From the price page over sign-in to the button that leads to the payment page. `atIssuer` does what the issuer's
 * own page requires; the mock issuer requires nothing.
 */
export async function order(
  page: Page,
  { product, plan, slug, seats }: Order,
  atIssuer: (page: Page) => Promise<void> = async () => {},
): Promise<void> {
  await page.getByRole('link', { name: `Subscribe to ${product} ${plan}`, exact: true }).click();
  await page.getByRole('button', { name: 'Sign in to subscribe' }).click();
  await atIssuer(page);
  const proceed = page.getByRole('button', { name: 'Continue to payment' });
  await proceed.waitFor();
  if (slug !== undefined) await page.getByLabel('Name of your tenant').fill(slug);
  if (seats !== undefined) await page.getByLabel('Seats').fill(String(seats));
  await proceed.click();
}

/** Signs in from the top of the page and waits until it shows. */
export async function signIn(page: Page): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}
