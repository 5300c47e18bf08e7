/**
 * The local key service: the two calls of Vault's transit engine that Pulumi's `hashivault://` secrets provider makes
 * (encrypt and decrypt), over one AES-256 key in a file. In production a cloud's KMS replaces it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import { listenOnLoopback } from './http.ts';

export interface KeyServiceOptions {
  /** Holds the key and the token (0600); made when missing. Losing it loses every secret in state. */
  keyFile: string;
  /** Loopback port; a free one when left out. */
  port?: number;
}

export interface RunningKeyService {
  /** For `VAULT_ADDR`. */
  address: string;
  /** For `VAULT_TOKEN`. */
  token: string;
  stop(): Promise<void>;
}

const keyFileSchema = z.object({ key: z.base64().length(44), token: z.string().min(20) });
const encryptSchema = z.object({ plaintext: z.base64() });
const decryptSchema = z.object({ ciphertext: z.string().startsWith('vault:v1:') });

/** Starts the key service; the key is made on first use. */
export async function startKeyService(options: KeyServiceOptions): Promise<RunningKeyService> {
  const { key: master, token } = await keptKey(options.keyFile);
  // Each name has its own key.
  const keyFor = (name: string) =>
    Buffer.from(hkdfSync('sha256', Buffer.from(master, 'base64'), '', `transit:${name}`, 32));
  const app = new Hono();
  app.get('/v1/sys/health', (c) => c.json({ initialized: true, sealed: false, standby: false }));
  app.use('/v1/transit/*', async (c, next) => {
    if (!sameText(c.req.header('x-vault-token') ?? '', token))
      return c.json({ errors: ['permission denied'] }, 403);
    await next();
  });
  app.on(['PUT', 'POST'], '/v1/transit/encrypt/:key', async (c) => {
    const body = encryptSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) return c.json({ errors: ['plaintext must be base64'] }, 400);
    const ciphertext = encrypt(keyFor(c.req.param('key')), Buffer.from(body.data.plaintext, 'base64'));
    return c.json({ data: { ciphertext: `vault:v1:${ciphertext}`, key_version: 1 } });
  });
  app.on(['PUT', 'POST'], '/v1/transit/decrypt/:key', async (c) => {
    const body = decryptSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) return c.json({ errors: ['invalid ciphertext: no prefix'] }, 400);
    const plaintext = decrypt(keyFor(c.req.param('key')), body.data.ciphertext.slice('vault:v1:'.length));
    if (plaintext === undefined) return c.json({ errors: ['cipher: message authentication failed'] }, 400);
    return c.json({ data: { plaintext: plaintext.toString('base64') } });
  });
  const server = await listenOnLoopback(app.fetch, options.port);
  return { address: server.url, token, stop: server.stop };
}

const nonceBytes = 12;
const tagBytes = 16;

function encrypt(key: Buffer, plaintext: Buffer): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]).toString(
    'base64',
  );
}

function decrypt(key: Buffer, ciphertext: string): Buffer | undefined {
  const bytes = Buffer.from(ciphertext, 'base64');
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function keptKey(file: string): Promise<z.infer<typeof keyFileSchema>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  // A damaged file is an error, never a reason for a new key, which would lose everything that the old one
  // encrypted.
  if (text !== undefined) return keyFileSchema.parse(JSON.parse(text));
  const made = { key: randomBytes(32).toString('base64'), token: randomBytes(24).toString('base64url') };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(made), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return made;
}
