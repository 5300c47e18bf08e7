import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** PostgreSQL's own default (scram_iterations). */
const iterations = 4096;

/**
 * The verifier that PostgreSQL stores for a password (RFC 5802, RFC 7677), computed here so that the password itself
 * appears neither in a statement nor in the server's log. Passwords must be ASCII, as SASLprep is not applied.
 * The same password has the same verifier, so that another verifier means another password; its salt is as hard to
 * guess the password by as the verifier itself.
 */
export async function scramVerifier(password: string, salt?: Buffer): Promise<string> {
  if (!/^[\x21-\x7e]+$/.test(password))
    throw new Error('A database password must be printable ASCII without spaces');
  const derived = salt ?? (await promisify(pbkdf2)(password, 'tenantry salt', iterations, 16, 'sha256'));
  return verifierOf(password, derived);
}

async function verifierOf(password: string, salt: Buffer): Promise<string> {
  const salted = await promisify(pbkdf2)(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Whether it is a verifier of the password, as PostgreSQL or `scramVerifier` make them. */
export async function isVerifierOf(verifier: string, password: string): Promise<boolean> {
  const salt = /^SCRAM-SHA-256\$\d+:([^$]+)\$/.exec(verifier)?.[1];
  if (salt === undefined) return false;
  return verifier === (await scramVerifier(password, Buffer.from(salt, 'base64')));
}
