/** Onboards an organization: makes it, its first admin, its Stripe customer and a welcome mail. */
import type Stripe from 'stripe';
import { findMail, type Mail, postMail } from '../mail/index.ts';
import { record } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { ensureCustomer } from './customer.ts';
import {
  findOrganization,
  insertOrganization,
  listMembers,
  type Member,
  type Organization,
  putMember,
} from './organizations.ts';
import { welcomeKey, welcomeMail } from './welcome-mail.ts';

export interface Newcomer {
  readonly name: string;
  readonly slug: string;
  readonly adminEmail: string;
}

export interface Onboarding {
  readonly organization: Organization;
  readonly admins: readonly Member[];
  readonly mail: Mail;
  /** What this run has made; nothing when everything existed. */
  readonly made: readonly ('organization' | 'admin' | 'customer' | 'mail')[];
}

/** An organization of another name has the slug. */
export class SlugTaken extends Error {
  override readonly name = 'SlugTaken';
}

export interface OnboardingContext {
  readonly database: Database;
  readonly stripe: Stripe;
  /** Where the people of the organization sign in. */
  readonly publicUrl: string;
}

/**
 * Onboards an organization by making what is missing: each part exists once, however often this runs and wherever an earlier
 * run stopped. A sent mail is not sent again; a refused one is tried once more.
 * @param newcomer.adminEmail becomes an admin beside existing ones
 * @throws SlugTaken; StripeError when Stripe does not answer, after the earlier parts are done
 */
export async function onboard(
  { database, stripe, publicUrl }: OnboardingContext,
  newcomer: Newcomer,
  by: string,
): Promise<Onboarding> {
  const { name, slug } = newcomer;
  const email = newcomer.adminEmail.toLowerCase();
  const made: Onboarding['made'][number][] = [];
  const known = await database.transaction(async (client) => {
    const inserted = await insertOrganization(client, { name, slug, billingEmail: email });
    if (inserted) made.push('organization');
    const organization = inserted ?? (await findOrganization(client, { slug }));
    if (!organization || organization.personalOf !== null || organization.name !== name)
      throw new SlugTaken(`The name ${slug} is taken by another organization: choose one with --slug.`);
    const members = await listMembers(client, organization.id);
    const admin = members.find((member) => member.email === email);
    if (admin?.role !== 'admin') {
      await putMember(client, organization.id, { email }, 'admin');
      made.push('admin');
    }
    if (made.length > 0)
      await record(client, {
        kind: 'organization.onboarded',
        message: `${made.includes('organization') ? 'The organization' : 'An admin of'} ${name} was brought in`,
        data: { organization: organization.id, made: [...made], by },
        audience: 'operator',
      });
    return organization;
  });

  if (known.customerId === null) made.push('customer');
  await ensureCustomer(stripe, database, known);

  const wanted = welcomeMail(known, email, publicUrl);
  const posted = await database.transaction(async (client) => {
    const before = await findMail(client, wanted.key);
    const mail = await postMail(client, wanted);
    if (!before || before.state !== mail.state) made.push('mail');
    return mail;
  });
  const organization = await findOrganization(database, { id: known.id });
  if (!organization) throw new Error('an organization that was just made does not exist');
  return { organization, admins: await adminsOf(database, known.id), mail: posted, made };
}

/** The progress of an onboarding; null when there is no such organization, or when nobody has been welcomed to it. */
export async function findOnboarding(
  database: Database,
  slug: string,
  adminEmail: string,
): Promise<Omit<Onboarding, 'made'> | null> {
  const organization = await findOrganization(database, { slug });
  if (!organization) return null;
  const mail = await findMail(database, welcomeKey(organization, adminEmail.toLowerCase()));
  return mail && { organization, admins: await adminsOf(database, organization.id), mail };
}

async function adminsOf(database: Database, organizationId: string): Promise<Member[]> {
  return (await listMembers(database, organizationId)).filter(({ role }) => role === 'admin');
}
