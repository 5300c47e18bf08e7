import { z } from 'zod';
import { task, type Work } from '../work/index.ts';
import type { MailEnv } from './env.ts';
import { ringDueMails } from './mail.ts';
import { type MailContext, sendMail } from './send-mail.ts';

/** Most mails that one sweep rings for; the next one takes the rest. */
const batch = 500;

/** @param env null when no mail server is configured */
export async function mailWork(context: Omit<MailContext, 'mailer'>, env: MailEnv | null): Promise<Work> {
  // Loaded here, because processes that only queue mail need no mailer.
  const mailer = env && (await import('./mailer.ts')).createMailer(env);
  return {
    tasks: {
      ends: {
        'send-mail': task(z.object({ key: z.string() }), ({ key }) => sendMail({ ...context, mailer }, key)),
      },
    },
    sweep: { shared: { ringDueMails: () => ringDueMails(context.database, batch) } },
    close: async () => mailer?.close(),
  };
}
