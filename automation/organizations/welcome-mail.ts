/** A new admin's first mail. Pure. */
import { createHash } from 'node:crypto';
import type { Mail } from '../mail/index.ts';
import type { Organization } from './organizations.ts';

/** There is one welcome for each admin of an organization. */
export function welcomeKey({ id }: Pick<Organization, 'id'>, email: string): string {
  return `welcome:${id}:${email}`;
}

/** @param email in lower case */
export function welcomeMail(
  organization: Pick<Organization, 'id' | 'name' | 'slug'>,
  email: string,
  publicUrl: string,
): Pick<Mail, 'key' | 'messageId' | 'recipient' | 'subject' | 'body'> {
  const key = welcomeKey(organization, email);
  const host = new URL(publicUrl).hostname;
  return {
    key,
    messageId: `<${createHash('sha256').update(key).digest('hex').slice(0, 32)}@${host}>`,
    recipient: email,
    subject: `Welcome to Tenantry, ${organization.name}`,
    body: [
      'Hello,',
      '',
      `${organization.name} is set up, and you are its first admin.`,
      '',
      `Sign in with this e-mail address (${email}): ${publicUrl}`,
      '',
      'There you choose a plan, invite others and see what you pay for.',
      '',
      `Your organization's short name is ${organization.slug}.`,
      '',
    ].join('\n'),
  };
}
