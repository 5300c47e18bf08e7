/** Sends mail by SMTP, with one of three outcomes. */
import nodemailer, { type NodemailerError } from 'nodemailer';
import type { MailEnv } from './env.ts';
import type { Mail } from './mail.ts';

export type Delivery =
  | { readonly kind: 'sent'; readonly answer: string }
  /** Another try may succeed. */
  | { readonly kind: 'later'; readonly answer: string }
  /** No other try can succeed. */
  | { readonly kind: 'refused'; readonly answer: string };

export interface Mailer {
  send(mail: Pick<Mail, 'messageId' | 'recipient' | 'subject' | 'body'>): Promise<Delivery>;
  close(): void;
}

const timeoutMs = 20_000;

/** Hosts that may get a password without TLS. */
const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

export function createMailer({ smtpUrl, from }: MailEnv): Mailer {
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const transport = nodemailer.createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && url.username !== '' && !loopback.has(url.hostname),
    ...(url.username !== '' && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // Our mails contain only text.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ messageId, recipient, subject, body }) {
      try {
        const { response } = await transport.sendMail({
          from,
          to: { name: '', address: recipient },
          subject,
          text: body,
          messageId,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        return { kind: 'sent', answer: response };
      } catch (error) {
        return failureOf(error as NodemailerError);
      }
    },
    close: () => transport.close(),
  };
}

/** Codes of failures that another try cannot help, beside those that the server reports. */
const lasting = new Set(['ENOAUTH', 'EMESSAGE', 'ECONFIG', 'EREQUIRETLS', 'ETLS']);

/** The meaning of a failure. Pure. */
export function failureOf({
  code,
  message,
  response,
  responseCode,
  permanent,
}: Pick<NodemailerError, 'code' | 'message' | 'response' | 'responseCode' | 'permanent'>): Exclude<
  Delivery,
  { kind: 'sent' }
> {
  const said = response ?? message;
  const answer = code === 'EAUTH' ? `The mail server refused our sign-in: ${said}` : said;
  const forGood = responseCode === undefined ? lasting.has(code ?? '') : (permanent ?? responseCode >= 500);
  return { kind: forGood ? 'refused' : 'later', answer };
}
