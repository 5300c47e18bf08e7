import { firstRow, onlyRow, type Queryable, storable } from '../store/database.ts';

/** A mail to send, or a sent one. */
export interface Mail {
  /** Identifies the mail: there is one for each key. */
  readonly key: string;
  /** The same in every try, so that servers and readers recognise a second copy. */
  readonly messageId: string;
  readonly recipient: string;
  readonly subject: string;
  readonly body: string;
  /** `unconfigured`: there was no mail server. */
  readonly state: 'pending' | 'sent' | 'refused' | 'unconfigured';
  readonly attempts: number;
  readonly nextTryAt: Date | null;
  /** The server's last answer. */
  readonly answer: string | null;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
}

const columns = `key, message_id as "messageId", recipient, subject, body, state, attempts, next_try_at as "nextTryAt",
  answer, created_at as "createdAt", sent_at as "sentAt"`;

/** Queues a mail. A sent or pending one of this key stays as it is; a failed one is tried again. */
export async function postMail(
  db: Queryable,
  mail: Pick<Mail, 'key' | 'messageId' | 'recipient' | 'subject' | 'body'>,
): Promise<Mail> {
  await db.query(
    `insert into tenantry.mail as known (key, message_id, recipient, subject, body) values ($1, $2, $3, $4, $5)
     on conflict (key) do update set state = 'pending', attempts = 0, next_try_at = null, answer = null,
         subject = excluded.subject, body = excluded.body
       where known.state in ('refused', 'unconfigured')`,
    [mail.key, mail.messageId, mail.recipient, storable(mail.subject), storable(mail.body)],
  );
  const posted = onlyRow(
    await db.query<Mail>(`select ${columns} from tenantry.mail where key = $1`, [mail.key]),
  );
  if (posted.state === 'pending') await ringMail(db, mail.key);
  return posted;
}

export async function findMail(db: Queryable, key: string): Promise<Mail | null> {
  return firstRow(await db.query<Mail>(`select ${columns} from tenantry.mail where key = $1`, [key]));
}

/** Rings for a mail. @param at the earliest time */
export async function ringMail(db: Queryable, key: string, at: Date | null = null): Promise<void> {
  await db.query('select tenantry.ring_mail($1, $2)', [key, at]);
}

/** Rings for due mails that no worker is sending. */
export async function ringDueMails(db: Queryable, limit: number): Promise<void> {
  await db.query(
    `select tenantry.ring_mail(due.key) from (
       select key from tenantry.mail m where state = 'pending' and (next_try_at is null or next_try_at <= now())
         and not exists (select from tenantry.turn held
           where held.name = 'mail:' || m.key and held.expires_at > clock_timestamp())
       order by next_try_at nulls first limit $1) due`,
    [limit],
  );
}

/** Records that the server has accepted it. */
export async function noteMailSent(db: Queryable, key: string, answer: string): Promise<void> {
  await db.query(
    `update tenantry.mail set state = 'sent', sent_at = clock_timestamp(), attempts = attempts + 1, next_try_at = null,
       answer = $2 where key = $1 and state = 'pending'`,
    [key, storable(answer)],
  );
}

/** Records a failure and the time of the next try; null for none. */
export async function noteMailUnsent(
  db: Queryable,
  key: string,
  why: {
    readonly state: 'pending' | 'refused' | 'unconfigured';
    readonly answer: string;
    readonly nextTryAt: Date | null;
  },
): Promise<void> {
  await db.query(
    `update tenantry.mail set state = $2, attempts = attempts + 1, answer = $3, next_try_at = $4
     where key = $1 and state = 'pending'`,
    [key, why.state, storable(why.answer), why.nextTryAt],
  );
}
