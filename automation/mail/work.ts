import { z } from 'zod';
import { task } from '../work/task.ts';
import type { Work } from '../work/work.ts';
import { ringDueMails } from './mail.ts';
import { type MailContext, sendMail } from './send-mail.ts';

/** Mails for which one sweep rings; the next takes the rest. */
const batch = 500;

/** Sends mail, by whatever server there is. */
export function mailWork(context: MailContext): Work {
  const { database, mailer } = context;
  return {
    tasks: {
      ends: { 'send-mail': task(z.object({ key: z.string() }), ({ key }) => sendMail(context, key)) },
    },
    sweep: { shared: { ringDueMails: () => ringDueMails(database, batch) } },
    close: async () => mailer?.close(),
  };
}
