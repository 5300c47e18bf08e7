/**
 * The receipt of a tenant's end says what was exported, destroyed and looked for. It is signed, so that nobody can change a
 * letter of it; the document and a public key suffice to verify it.
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import canonicalize from 'canonicalize';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { SigningKey } from './signing-key.ts';

export const receiptFormat = 'tenantry-receipt/1';
export const signatureAlgorithm = 'Ed25519';

/** Where a tenant could have left something. */
export const areas = ['kubernetes', 'postgres', 'state', 'buckets', 'stripe'] as const;
export type Area = (typeof areas)[number];

const instant = z.iso.datetime();
const count = z.int().nonnegative();

const areaCheck = z.strictObject({
  area: z.enum(areas),
  checkedAt: instant,
  /** What was looked for, one line each. */
  looked: z.array(z.string()),
  /** How many places or kinds were examined; 0 where the area is not in use. */
  places: count,
  /** How much of the tenant was found there: 0 in every receipt. */
  found: z.literal(0),
  /** What was not or could not be examined, and why. */
  notes: z.array(z.string()),
});

const stepLine = z.strictObject({
  step: z.enum(['export', 'backup', 'destroy', 'verify']),
  attempts: z.int().positive(),
  startedAt: instant,
  finishedAt: instant,
});

const exported = z.strictObject({
  made: z.literal(true),
  format: z.string(),
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  tables: count,
  rows: count,
  keptUntil: instant,
});
const notMade = z.strictObject({ made: z.literal(false), why: z.string() });
const backedUp = z.strictObject({
  made: z.literal(true),
  name: z.string(),
  completedAt: instant,
  keptUntil: instant.nullable(),
});

export const receiptBody = z.strictObject({
  format: z.literal(receiptFormat),
  /** Of the signing key (RFC 7638, SHA-256); part of the signed text. */
  keyId: z.string(),
  issuedAt: instant,
  tenant: z.strictObject({
    id: z.string(),
    product: z.string(),
    plan: z.string(),
    slug: z.string(),
    namespace: z.string(),
    cell: z.string(),
    region: z.string(),
    createdAt: instant,
    /** When it was first active; null when it never was. */
    activeAt: instant.nullable(),
    subscriptions: z.array(z.string()),
  }),
  steps: z.array(stepLine),
  export: z.discriminatedUnion('made', [exported, notMade]),
  backup: z.discriminatedUnion('made', [backedUp, notMade]),
  checks: z.array(areaCheck).length(areas.length),
  /** What is kept on purpose, and why. */
  kept: z.array(z.string()),
});
export type ReceiptBody = z.infer<typeof receiptBody>;
export type AreaCheck = z.infer<typeof areaCheck>;
export type ExportLine = ReceiptBody['export'];
export type BackupLine = ReceiptBody['backup'];

export const signedReceipt = z.strictObject({
  receipt: receiptBody,
  signature: z.strictObject({
    algorithm: z.literal(signatureAlgorithm),
    /** Base64url without padding. */
    value: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
  }),
});
export type SignedReceipt = z.infer<typeof signedReceipt>;

/** The message says in one sentence why a document is not a valid receipt. */
export class NotAReceipt extends Error {
  override readonly name = 'NotAReceipt';
}

/**
 * Signs a receipt with Ed25519 over its canonical form (RFC 8785).
 * @throws ZodError when it lacks something
 */
export function signReceipt(body: Omit<ReceiptBody, 'keyId' | 'format'>, key: SigningKey): SignedReceipt {
  const receipt = receiptBody.parse({ format: receiptFormat, keyId: key.id, ...body });
  const value = sign(null, signedBytes(receipt), key.privateKey).toString('base64url');
  return { receipt, signature: { algorithm: signatureAlgorithm, value } };
}

/** The format's name comes first, so that no other document that we sign can pass for a receipt. */
function signedBytes(receipt: ReceiptBody): Buffer {
  return Buffer.from(`${receiptFormat}\n${canonicalize(receipt)}`, 'utf8');
}

/** A public key as a JSON Web Key with its id. */
export interface PublishedKey {
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * Verifies a receipt's text with keys that the reader trusts.
 * @throws NotAReceipt when it is no receipt, was signed with another key, or was changed
 */
export function verifyReceipt(text: string, keys: readonly PublishedKey[]): ReceiptBody {
  const { receipt, signature } = parseReceipt(text);
  const key = keys.find(({ id }) => id === receipt.keyId);
  if (!key) {
    const known = keys.map(({ id }) => id).join(', ') || 'none';
    throw new NotAReceipt(
      `It was signed with the key ${receipt.keyId}, which is not among those given: ${known}.`,
    );
  }
  const value = Buffer.from(signature.value, 'base64url');
  // The last letter has unused bits. This accepts only one spelling of a signature.
  const sound = value.toString('base64url') === signature.value;
  if (!sound || !verify(null, signedBytes(receipt), key.key, value)) {
    throw new NotAReceipt('Its signature does not hold: the receipt was changed after it was signed.');
  }
  return receipt;
}

/** The document's own claim. @throws NotAReceipt */
export function parseReceipt(text: string): SignedReceipt {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new NotAReceipt('It is not JSON.');
  }
  // Of several members of one name, JSON.parse takes the last, while a reader may see the first.
  const [doubled] = parseDocument(text, { uniqueKeys: true, schema: 'json', prettyErrors: false }).errors;
  if (doubled) throw new NotAReceipt(`It is not plain JSON: ${doubled.message}.`);
  const parsed = signedReceipt.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'the document';
  throw new NotAReceipt(`It is not one of our receipts: ${where}: ${issue?.message ?? 'is wrong'}.`);
}

const jsonWebKey = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() });
const keySet = z.looseObject({ keys: z.array(jsonWebKey) });

/**
 * Reads public keys from a file: PEM, a JSON Web Key, or a set of them as `GET /v1/receipt-keys` returns it.
 * @throws NotAReceipt when it holds no Ed25519 key
 */
export function readPublicKeys(text: string, idOf: (key: KeyObject) => string): PublishedKey[] {
  const published = (key: KeyObject): PublishedKey => {
    if (key.asymmetricKeyType !== 'ed25519') throw new NotAReceipt('The key is not an Ed25519 key.');
    return { id: idOf(key), key };
  };
  try {
    if (text.trimStart().startsWith('-----')) return [published(createPublicKey(text))];
    const json: unknown = JSON.parse(text);
    const set = keySet.safeParse(json);
    const keys = set.success ? set.data.keys : [jsonWebKey.parse(json)];
    return keys.map(({ kty, crv, x }) => published(createPublicKey({ key: { kty, crv, x }, format: 'jwk' })));
  } catch (error) {
    if (error instanceof NotAReceipt) throw error;
    throw new NotAReceipt('The file of keys is neither PEM nor JSON Web Keys with an Ed25519 key.');
  }
}
