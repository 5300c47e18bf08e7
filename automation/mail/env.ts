/** Which server sends mail, and who the sender is. */
import { readVariables } from '../environment/index.ts';

export interface MailEnv {
  readonly smtpUrl: string;
  readonly from: string;
}

/**
 * Null when no mail server is named.
 * @throws Error that names every variable that is wrong, and `MAIL_FROM` where only that is missing
 */
export function readMailEnv(env: NodeJS.ProcessEnv = process.env): MailEnv | null {
  const { SMTP_URL: smtpUrl } = readVariables(env, { optional: ['SMTP_URL'] });
  if (smtpUrl === undefined) return null;
  const { MAIL_FROM: from } = readVariables(env, { required: ['MAIL_FROM'], requiredWith: 'SMTP_URL' });
  return { smtpUrl, from };
}
