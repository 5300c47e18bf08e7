/** The pages a customer sees: the hosted checkout and the billing portal. Plain HTML, no script. */

import type { CheckoutSessionDoc } from '../documents.ts';
import { itemAmount } from '../invoices/lines.ts';
import type { PortalView } from './portal.ts';

export interface CheckoutView {
  readonly session: CheckoutSessionDoc;
  readonly lines: readonly { name: string; quantity: number | null; amount: number; metered: boolean }[];
  readonly trialDays: number | null;
  /** Why the last attempt to pay failed; null before the first. */
  readonly problem: string | null;
}

const style = `
  :root { color-scheme: light dark; --ink: #1a1f36; --soft: #697386; --line: #e3e8ee; --paper: #fff; --back: #f6f8fa;
    --accent: #4f46e5; --bad: #b3261e; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #eceef2; --soft: #9aa3b2; --line: #2c3342; --paper: #171b24; --back: #0f1218; --accent: #8b85ff; --bad: #ff8a80; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 30rem; margin: 8vh auto; padding: 2rem; background: var(--paper); border: 1px solid var(--line);
    border-radius: 12px; }
  h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
  h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
  p { margin: .25rem 0; }
  .soft { color: var(--soft); font-size: .875rem; }
  .total { font-size: 2rem; font-weight: 600; margin: .5rem 0 1rem; }
  .line { display: flex; justify-content: space-between; gap: 1rem; padding: .6rem 0; border-top: 1px solid var(--line); }
  .alert { border: 1px solid var(--bad); color: var(--bad); border-radius: 8px; padding: .6rem .8rem; margin: 1rem 0; }
  form { margin: 1rem 0 0; }
  label { display: block; margin: .5rem 0; }
  input[type=email], select { width: 100%; padding: .6rem; font: inherit; border: 1px solid var(--line); border-radius: 8px;
    background: transparent; color: inherit; }
  button { width: 100%; padding: .75rem; font: inherit; font-weight: 600; color: #fff; background: #4f46e5; border: 0;
    border-radius: 8px; cursor: pointer; margin-top: .75rem; }
  button.plain { background: transparent; color: var(--ink); border: 1px solid var(--line); }
  button:focus-visible, input:focus-visible, select:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  a { color: var(--accent); }
  .foot { text-align: center; margin-top: 1rem; }
`;

export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title><style>${style}</style></head><body><main>${content}</main></body></html>`;
}

/** Text escaped for HTML, attributes included. */
export function html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export const dollars = (cents: number): string => `$${(cents / 100).toFixed(2)}`;
export const date = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

export function checkoutPage({ session, lines, trialDays, problem }: CheckoutView): string {
  const declined = problem?.includes('declined') ?? false;
  if (session.status === 'complete') {
    return page('Paid', '<h1>This checkout is complete</h1><p class="soft">The subscription has begun.</p>');
  }
  if (session.status === 'expired') {
    return page('Expired', `<h1>This checkout has expired</h1>${cancelLink(session.cancel_url, 'Back')}`);
  }
  const perMonth = lines.reduce((sum, line) => sum + line.amount, 0);
  const rows = lines
    .map(
      (line) =>
        `<div class="line"><span>${html(line.name)}${line.quantity !== null && line.quantity > 1 ? ` × ${line.quantity}` : ''}</span>` +
        `<span>${line.metered ? 'by usage' : `${dollars(line.amount)} / month`}</span></div>`,
    )
    .join('');
  return page(
    'Checkout',
    `<h1>Subscribe to ${html(lines[0]?.name ?? 'a plan')}</h1>
     <p class="soft">Simulated checkout: no money moves.</p>
     <p class="total">${dollars(perMonth)} <span class="soft">per month</span></p>
     ${trialDays === null ? '' : `<p class="soft">The first ${trialDays} days are free.</p>`}
     ${rows}
     ${problem === null ? '' : `<p class="alert" role="alert">${html(problem)}</p>`}
     <form method="post">
       ${session.customer === null ? `<label>Email<input type="email" name="email" required value="${html(session.customer_email ?? 'customer@example.com')}"></label>` : ''}
       ${session.allow_promotion_codes ? '<label>Promotion code<input name="code" autocomplete="off"></label>' : ''}
       <label><input type="radio" name="card" value="works"${declined ? '' : ' checked'}> Card ending 4242</label>
       <label><input type="radio" name="card" value="declines"${declined ? ' checked' : ''}> Card ending 0002 (card declines)</label>
       <button type="submit">Pay</button>
     </form>
     ${cancelLink(session.cancel_url, 'Cancel')}`,
  );
}

function cancelLink(url: string | null, text: string): string {
  return url === null ? '' : `<p class="foot"><a href="${html(url)}">${text}</a></p>`;
}

export function portalPage(view: PortalView, message: string | null): string {
  const blocks = view.subscriptions.map(({ subscription, plan, alternatives }) => {
    const amount = subscription.items.data.reduce((sum, item) => sum + itemAmount(item), 0);
    const end = Math.min(...subscription.items.data.map((item) => item.current_period_end));
    const field = `<input type="hidden" name="subscription" value="${html(subscription.id)}">`;
    const options = alternatives
      .map(
        ({ price, name }) =>
          `<option value="${html(price.id)}">${html(name)}: ${dollars(Number(price.unit_amount_decimal ?? 0))} / month</option>`,
      )
      .join('');
    return `<h2>${html(plan)}</h2>
      <p>${dollars(amount)} per month <span class="soft">· ${html(subscription.status)}</span></p>
      <p class="soft">${subscription.cancel_at_period_end ? 'Ends' : 'Renews'} on ${date(end)}</p>
      ${
        options === ''
          ? ''
          : `<form method="post">${field}<label>Change plan<select name="price">${options}</select></label>
             <button name="action" value="change_plan">Change plan</button></form>`
      }
      <form method="post">${field}${
        subscription.cancel_at_period_end
          ? '<button class="plain" name="action" value="reactivate">Keep the subscription</button>'
          : '<button class="plain" name="action" value="cancel">Cancel at the end of the period</button>'
      }</form>`;
  });
  const card =
    view.card === null
      ? 'No card on file'
      : `Card ending ${view.card.last4}${view.card.works ? '' : ' (declines)'}`;
  return page(
    'Billing',
    `<h1>Billing</h1><p class="soft">${html(view.email ?? view.session.customer)} · simulated</p>
     ${message === null ? '' : `<p class="alert" role="alert">${html(message)}</p>`}
     ${blocks.join('') || '<p>No subscription.</p>'}
     <h2>Payment</h2><p>${html(card)}</p>
     <form method="post"><input type="hidden" name="action" value="card">
       <button name="works" value="true">Use a card that works (4242)</button>
       <button class="plain" name="works" value="false">Use a card that declines (0341)</button></form>
     ${view.session.return_url === null ? '' : cancelLink(view.session.return_url, 'Back')}`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(title, `<h1>${html(title)}</h1><p>${html(text)}</p>`);
}
