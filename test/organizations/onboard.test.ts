import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readMailEnv } from '../../automation/mail/env.ts';
import { findMail, type Mail } from '../../automation/mail/mail.ts';
import { createMailer, failureOf, type Mailer } from '../../automation/mail/mailer.ts';
import { sendMail } from '../../automation/mail/send-mail.ts';
import { onboard, SlugTaken } from '../../automation/organizations/onboard.ts';
import { findOrganization, listMembers } from '../../automation/organizations/organizations.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { type Account, startAccount, stripeAway } from '../support/stripe.ts';

let account: Account;
let server: MailServer;
const mailers: Mailer[] = [];
beforeAll(async () => {
  account = await startAccount();
  server = await startMailServer({ user: 'tenantry', password: 'p@ss word' });
});
afterEach(() => {
  for (const mailer of mailers.splice(0)) mailer.close();
});
afterAll(async () => {
  await server?.stop();
  await account?.stop();
});

const publicUrl = 'https://tenantry.example';
const by = 'operator';
const newcomer = (slug: string) => ({ name: `The ${slug}`, slug, adminEmail: `Ada@${slug}.example` });

function mailerTo(user = 'tenantry:p%40ss%20word@', port = server.port): Mailer {
  const mailer = createMailer({
    smtpUrl: `smtp://${user}127.0.0.1:${port}`,
    from: 'Tenantry <hello@tenantry.example>',
  });
  mailers.push(mailer);
  return mailer;
}

let now = new Date();
function send(mail: Pick<Mail, 'key'>, mailer: Mailer | null = mailerTo()): Promise<void> {
  const { database } = account;
  const log = pino({ level: 'silent' });
  return sendMail({ database, mailer, workerId: 'test', log, now: () => now, retryBaseMs: 60_000 }, mail.key);
}

const everything = async (slug: string) => {
  const organization = await findOrganization(account.database, { slug });
  if (!organization) throw new Error('there is no organization');
  const { data } = await account.stripe.customers.list({ limit: 100 });
  return {
    organization,
    members: await listMembers(account.database, organization.id),
    customers: data.filter(({ metadata }) => metadata.tenantry_organization === organization.id),
    mail: await findMail(account.database, `welcome:${organization.id}:ada@${slug}.example`),
  };
};

describe('an organization is brought in', () => {
  test('it, its admin, its customer and a welcome are there; again, nothing changes and no second mail is sent', async () => {
    const context = { ...account, publicUrl };
    const first = await onboard(context, newcomer('acme'), by);
    expect(first.made).toEqual(['organization', 'admin', 'customer', 'mail']);
    await send(first.mail);
    const before = await everything('acme');
    expect(before).toMatchObject({
      organization: { name: 'The acme', claim: 'acme', customerId: before.customers[0]?.id },
      members: [{ email: 'ada@acme.example', role: 'admin' }],
      customers: [{ name: 'The acme', email: 'ada@acme.example' }],
      mail: { state: 'sent' },
    });
    const [mail, ...more] = server.mails.filter(({ to }) => to[0] === 'ada@acme.example');
    expect(more).toEqual([]);
    expect(mail).toMatchObject({ from: 'hello@tenantry.example', to: ['ada@acme.example'] });
    expect(mail?.text).toContain('Subject: Welcome to Tenantry, The acme');
    expect(mail?.text).toContain(`Message-ID: ${before.mail?.messageId}`);
    expect(mail?.text.replaceAll('=\r\n', '')).toContain(publicUrl);

    const taken = server.mails.length;
    const second = await onboard(context, newcomer('acme'), by);
    expect(second.made).toEqual([]);
    await send(second.mail);
    expect(await everything('acme')).toEqual(before);
    expect(server.mails).toHaveLength(taken);
  });

  test('cut off where Stripe is away, it is gone on with; two at once make one of everything', async () => {
    const { database, stripe } = account;
    await expect(
      onboard({ database, stripe: stripeAway(), publicUrl }, newcomer('cutoff'), by),
    ).rejects.toThrow(/connection/i);
    expect(await everything('cutoff')).toMatchObject({
      customers: [],
      mail: null,
      members: [{ role: 'admin' }],
    });
    const context = { database, stripe, publicUrl };
    await Promise.all([onboard(context, newcomer('cutoff'), by), onboard(context, newcomer('cutoff'), by)]);
    const after = await everything('cutoff');
    expect(after.customers).toHaveLength(1);
    expect(after.members).toHaveLength(1);
    expect(after.mail?.state).toBe('pending');
  });

  test('a second admin is welcomed, too; another organization of that short name is refused', async () => {
    const context = { ...account, publicUrl };
    await onboard(context, newcomer('shared'), by);
    const more = await onboard(context, { ...newcomer('shared'), adminEmail: 'bob@shared.example' }, by);
    expect(more.made).toEqual(['admin', 'mail']);
    expect(more.admins.map(({ email }) => email)).toEqual(['ada@shared.example', 'bob@shared.example']);
    await expect(onboard(context, { ...newcomer('shared'), name: 'Others' }, by)).rejects.toThrow(SlugTaken);
  });
});

describe('the welcome', () => {
  const posted = async (slug: string) => (await onboard({ ...account, publicUrl }, newcomer(slug), by)).mail;
  const stateOf = async ({ key }: Mail) => findMail(account.database, key);

  test('a recipient that is refused is said so and not tried again by itself; onboarding again tries once more', async () => {
    const mail = await posted('refused');
    server.refuse(550, 1);
    await send(mail);
    expect(await stateOf(mail)).toMatchObject({ state: 'refused', answer: expect.stringMatching(/^550/) });
    const tries = server.tries();
    await send(mail);
    expect(server.tries()).toBe(tries);
    expect((await onboard({ ...account, publicUrl }, newcomer('refused'), by)).made).toEqual(['mail']);
    await send(mail);
    expect(await stateOf(mail)).toMatchObject({ state: 'sent' });
  });

  test('a server that is busy is asked again later, and takes it then, once', async () => {
    const mail = await posted('busy');
    server.refuse(451, 2);
    await send(mail);
    const put = await stateOf(mail);
    expect(put).toMatchObject({ state: 'pending', attempts: 1, answer: expect.stringMatching(/^451/) });
    // Rung before its time, it waits.
    await send(mail);
    expect((await stateOf(mail))?.attempts).toBe(1);
    for (const minutes of [2, 10]) {
      now = new Date(Date.now() + minutes * 60_000);
      await send(mail);
    }
    expect(await stateOf(mail)).toMatchObject({ state: 'sent', attempts: 3 });
    expect(server.mails.filter(({ to }) => to[0] === mail.recipient)).toHaveLength(1);
    now = new Date();
  });

  test('a sign-in that is refused is the operator’s to mend; the password is in no answer', async () => {
    const mail = await posted('signin');
    await send(mail, mailerTo('tenantry:wrong-secret@'));
    const found = await stateOf(mail);
    expect(found).toMatchObject({
      state: 'refused',
      answer: expect.stringMatching(/refused our sign-in.*535/),
    });
    expect(found?.answer).not.toContain('wrong-secret');
  });

  test('a server that is away is tried again', async () => {
    const gone = await startMailServer();
    await gone.stop();
    const mail = await posted('away');
    await send(mail, mailerTo('', gone.port));
    expect(await stateOf(mail)).toMatchObject({ state: 'pending', nextTryAt: expect.any(Date) });
  });

  test('without a server it is said that it was not sent; with one, onboarding again sends it', async () => {
    const mail = await posted('nobody');
    await send(mail, null);
    expect(await stateOf(mail)).toMatchObject({
      state: 'unconfigured',
      answer: expect.stringMatching(/SMTP_URL/),
    });
    expect((await onboard({ ...account, publicUrl }, newcomer('nobody'), by)).made).toEqual(['mail']);
    await send(mail);
    expect(await stateOf(mail)).toMatchObject({ state: 'sent' });
  });
});

test.each([
  [{ responseCode: 550, permanent: true, message: 'no' }, 'refused'],
  [{ responseCode: 421, permanent: false, message: 'busy' }, 'later'],
  [{ responseCode: 503, permanent: false, message: 'out of order' }, 'later'],
  [{ code: 'ECONNECTION', message: 'closed' }, 'later'],
  [{ code: 'ETIMEDOUT', message: 'slow' }, 'later'],
  [{ code: 'EAUTH', responseCode: 454, permanent: false, message: 'later' }, 'later'],
  [{ code: 'ENOAUTH', message: 'nobody' }, 'refused'],
] as const)('%j means %s', (error, kind) => {
  expect(
    failureOf({ response: undefined, responseCode: undefined, permanent: undefined, ...error } as never).kind,
  ).toBe(kind);
});

test('settings of mail are read whole or refused by name', () => {
  expect(readMailEnv({})).toBeNull();
  expect(
    readMailEnv({ SMTP_URL: 'smtps://a:b@mail.example:465', MAIL_FROM: 'T <t@example.com>' }),
  ).toMatchObject({
    from: 'T <t@example.com>',
  });
  expect(() => readMailEnv({ SMTP_URL: 'http://mail.example' })).toThrow(/SMTP_URL/);
  expect(() => readMailEnv({ SMTP_URL: 'smtp://mail.example' })).toThrow(/MAIL_FROM/);
  expect(() => readMailEnv({ SMTP_URL: 'smtp://m.example', MAIL_FROM: 'x\r\nBcc: a@b.c' })).toThrow(
    /MAIL_FROM/,
  );
});
