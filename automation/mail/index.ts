/** Queues mail and sends it. */
export { readMailEnv } from './env.ts';
export { findMail, type Mail, postMail } from './mail.ts';
export { mailWork } from './work.ts';
