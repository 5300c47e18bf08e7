import type { Logger } from 'pino';
import type { Queryable } from '../store/database.ts';
import { withTurn } from '../store/turns.ts';
import { findMail, noteMailSent, noteMailUnsent, ringMail } from './mail.ts';
import type { Mailer } from './mailer.ts';

export interface MailContext {
  readonly database: Queryable;
  /** Null when no server is configured. */
  readonly mailer: Mailer | null;
  readonly workerId: string;
  readonly log: Logger;
  readonly now: () => Date;
  /** First waiting time after a temporary failure; doubles up to an hour. */
  readonly retryBaseMs: number;
}

/** Greylisting lasts minutes, and a server may be down for a night. */
const longestWaitMs = 3_600_000;
const patienceMs = 3 * 24 * 3_600_000;

/** Longer than sending takes with all its timeouts. */
const turnMs = 120_000;

/**
 * Sends a mail unless it has been sent or another worker is sending it. If a worker dies between the server's answer and our
 * record, the mail goes out again under the same message id.
 */
export async function sendMail(context: MailContext, key: string): Promise<void> {
  const { database, workerId } = context;
  await withTurn(database, { name: `mail:${key}`, holder: workerId, ttlMs: turnMs }, () =>
    deliver(context, key),
  );
}

async function deliver({ database, mailer, log, now, retryBaseMs }: MailContext, key: string): Promise<void> {
  const mail = await findMail(database, key);
  if (mail?.state !== 'pending' || (mail.nextTryAt && mail.nextTryAt > now())) return;
  if (!mailer) {
    const answer = 'No mail server is configured: SMTP_URL is not set.';
    await noteMailUnsent(database, key, { state: 'unconfigured', answer, nextTryAt: null });
    return;
  }
  const delivery = await mailer.send(mail);
  if (delivery.kind === 'sent') return noteMailSent(database, key, delivery.answer);
  log.warn(
    { mail: key, answer: delivery.answer, attempt: mail.attempts + 1 },
    'the mail server did not accept a mail',
  );
  const tooLate = now().getTime() - mail.createdAt.getTime() > patienceMs;
  if (delivery.kind === 'refused' || tooLate)
    return noteMailUnsent(database, key, { state: 'refused', answer: delivery.answer, nextTryAt: null });
  const nextTryAt = new Date(
    now().getTime() + Math.min(longestWaitMs, retryBaseMs * 2 ** Math.min(mail.attempts, 20)),
  );
  await noteMailUnsent(database, key, { state: 'pending', answer: delivery.answer, nextTryAt });
  await ringMail(database, key, nextTryAt);
}
