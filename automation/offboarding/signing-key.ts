/** The key that signs receipts. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SigningKey {
  /** Thumbprint of the public key (RFC 7638, SHA-256). */
  readonly id: string;
  readonly privateKey: KeyObject;
  /** For whoever verifies a receipt. */
  readonly publicKey: PublicJwk;
}

export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

/**
 * Reads the key from a PEM text (PKCS #8).
 * @throws Error when it is no Ed25519 private key; the message does not contain the text
 */
export function signingKeyOf(pem: string): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw new Error('the key for receipts is not a private key in PEM');
  }
  if (privateKey.asymmetricKeyType !== 'ed25519')
    throw new Error('the key for receipts is not an Ed25519 key');
  const publicKey = createPublicKey(privateKey);
  const id = keyId(publicKey);
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    x: pointOf(publicKey),
    kid: id,
    alg: 'EdDSA',
    use: 'sig',
  } as const;
  return { id, privateKey, publicKey: jwk };
}

/** RFC 7638: the hash of the key's required members in order. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: pointOf(publicKey) }))
    .digest('base64url');
}

function pointOf(publicKey: KeyObject): string {
  const { x } = publicKey.export({ format: 'jwk' });
  if (typeof x !== 'string') throw new Error('the key for receipts is not an Ed25519 key');
  return x;
}

const privateFile = 'receipt.pem';
export const publicKeyFile = (home: string) => join(home, 'keys', 'receipt.pub.pem');

/**
 * The home's key (0600), with its public half beside it. Makes it if it is missing; processes that do so at once end up with
 * the same key.
 */
export async function keptSigningKey(home: string): Promise<SigningKey> {
  const folder = join(home, 'keys');
  const file = join(folder, privateFile);
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const pem = known ?? (await makeKey(folder, file));
  const key = signingKeyOf(pem);
  const spki = createPublicKey(key.privateKey).export({ format: 'pem', type: 'spki' });
  await writeFile(publicKeyFile(home), spki, { mode: 0o644 });
  return key;
}

/** A link appears once and whole: the second process finds the first one's key. */
async function makeKey(folder: string, file: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const made = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const mine = `${file}.${randomUUID()}`;
  await writeFile(mine, made, { mode: 0o600 });
  try {
    await link(mine, file);
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return await readFile(file, 'utf8');
  } finally {
    await rm(mine, { force: true });
  }
}
