import { z } from 'zod';
import { task, type Work } from '../work/index.ts';
import type { MailEnv } from './env.ts';
import { ringDueMails } from './mail.ts';
import { type MailContext, sendMail } from './send-mail.ts';

/** Mails for which one sweep rings; the next takes the rest. */
const batch = 500;

/** Sends mail, by whatever server there is. @param env null when none is named */
export async function mailWork(context: Omit<MailContext, 'mailer'>, env: MailEnv | null): Promise<Work> {
  // Whoever only asks for mail need not load what sends it.
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
