/** A real SMTP server on loopback that keeps what it accepts and refuses on demand. */
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly TakenMail[];
  /** How often a client tried to deliver a mail. */
  readonly tries: () => number;
  /** Refuses the next recipients with this code, this many times. */
  refuse(responseCode: number, times: number): void;
  stop(): Promise<void>;
}

/** @param login asks for this user and password; without it, anybody may send */
export async function startMailServer(login?: { user: string; password: string }): Promise<MailServer> {
  const mails: TakenMail[] = [];
  let tries = 0;
  let refusal = { responseCode: 0, times: 0 };
  const server = new SMTPServer({
    disabledCommands: login ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
    allowInsecureAuth: true,
    authOptional: login === undefined,
    logger: false,
    onAuth(auth, _session, done) {
      const right = auth.username === login?.user && auth.password === login?.password;
      done(right ? null : Object.assign(new Error('Invalid username or password'), { responseCode: 535 }), {
        user: auth.username ?? '',
      });
    },
    onRcptTo(_address, _session, done) {
      tries += 1;
      if (refusal.times === 0) return done();
      refusal = { ...refusal, times: refusal.times - 1 };
      done(Object.assign(new Error(`told to refuse`), { responseCode: refusal.responseCode }));
    },
    onData(stream, session, done) {
      void text(stream).then((body) => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          text: body,
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    tries: () => tries,
    refuse: (responseCode, times) => {
      refusal = { responseCode, times };
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
