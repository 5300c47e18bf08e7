/** `tenantry onboard <organization>`: onboards it, and reports what happened to the welcome mail. */
import { setTimeout as delay } from 'node:timers/promises';
import { getOnboarding, type Onboarding, onboardOrganization } from '../../api/client/index.ts';
import { type Connection, clientAs } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { fields } from '../text/table.ts';

export interface OnboardOptions {
  admin: string;
  slug?: string;
  /** Seconds; default 30. */
  timeout?: number;
}

export async function onboard(
  connection: Connection,
  output: Output,
  name: string,
  options: OnboardOptions,
): Promise<void> {
  const slug = options.slug ?? slugOf(name);
  const client = await clientAs(connection, {});
  const begun = await onboardOrganization({ client, body: { name, slug, adminEmail: options.admin } });
  const query = { slug, adminEmail: options.admin };
  const deadlineMs = Date.now() + (options.timeout ?? 30) * 1000;
  let now = begun;
  // The worker retries a mail that the server postpones; nobody waits for that here.
  while (now.mail.state === 'pending' && now.mail.nextTryAt === null && Date.now() < deadlineMs) {
    await delay(200);
    now = await getOnboarding({ client, query });
  }
  const shown = { ...now, made: begun.made };
  if (shown.mail.state === 'refused') {
    output.progress(text(shown));
    throw new CliProblem(
      exitCodes.failed,
      'mail_refused',
      `The organization is there, but the welcome to ${shown.mail.recipient} was refused: ${shown.mail.answer}. Fix that and run the same command again.`,
    );
  }
  output.result(shown, () => text(shown));
}

/** A slug made from the name, for example "Émile & Co." becomes "emile-co". */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

function text({ organization, admins, mail, made }: Onboarding): string {
  const lines = [
    fields([
      ['organization', `${organization.name} (${organization.slug}, ${organization.id})`],
      ['admins', admins.join(', ')],
      ['Stripe customer', organization.customerId ?? '-'],
      ['welcome', mailText(mail)],
      ['made now', made.length > 0 ? made.join(', ') : 'nothing: all was there'],
    ]),
  ];
  if (mail.state === 'unconfigured')
    lines.push(
      '',
      'The mail that was not sent:',
      '',
      `To: ${mail.recipient}`,
      `Subject: ${mail.subject}`,
      '',
      mail.body,
    );
  return lines.join('\n');
}

function mailText({ state, recipient, answer, nextTryAt }: Onboarding['mail']): string {
  switch (state) {
    case 'sent':
      return `sent to ${recipient}`;
    case 'refused':
      return `refused: ${answer}`;
    case 'unconfigured':
      return `not sent: ${answer ?? ''} Set it and MAIL_FROM, and run this again.`;
    case 'pending':
      return nextTryAt === null
        ? `on its way to ${recipient}`
        : `not accepted yet (${answer}); next try at ${nextTryAt}`;
  }
}
