/** Mail that is to be sent, and what sends it. */
export { readMailEnv } from './env.ts';
export { findMail, type Mail, postMail } from './mail.ts';
export { mailWork } from './work.ts';
