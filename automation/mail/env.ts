/** By which server mail is sent, and as whom. */
import { z } from 'zod';
import { parseVariables } from '../env.ts';

const variables = z.object({
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'must be a URL such as smtps://user:password@mail.example.com:465' })
    .optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/, 'must be an address, or Name <address>')
    .optional(),
});

export interface MailEnv {
  readonly smtpUrl: string;
  readonly from: string;
}

/**
 * Null when no mail server is named.
 * @throws Error that names every variable that is wrong, and `MAIL_FROM` where only that is missing
 */
export function readMailEnv(env: NodeJS.ProcessEnv = process.env): MailEnv | null {
  const v = parseVariables(variables, env);
  if (v.SMTP_URL === undefined) return null;
  if (v.MAIL_FROM === undefined)
    throw new Error(
      'The environment is not complete:\n  MAIL_FROM: must say whom mail is from, as SMTP_URL is set',
    );
  return { smtpUrl: v.SMTP_URL, from: v.MAIL_FROM };
}
