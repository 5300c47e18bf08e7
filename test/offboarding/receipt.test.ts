import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  areas,
  NotAReceipt,
  type ReceiptBody,
  readPublicKeys,
  type SignedReceipt,
  signReceipt,
  verifyReceipt,
} from '../../automation/offboarding/receipt.ts';
import { keptSigningKey, keyId, signingKeyOf } from '../../automation/offboarding/signing-key.ts';

const at = '2026-11-21T10:00:00.000Z';
const body: Omit<ReceiptBody, 'format' | 'keyId'> = {
  issuedAt: at,
  tenant: {
    id: 'a1234567',
    product: 'stream',
    plan: 'business',
    slug: 'ümlaut',
    namespace: 'tenant-x',
    cell: 'local',
    region: 'local',
    createdAt: at,
    activeAt: null,
    subscriptions: ['sub_1'],
  },
  steps: [{ step: 'export', attempts: 2, startedAt: at, finishedAt: at }],
  export: {
    made: true,
    format: 'tenantry-export/1',
    file: 'a1234567/export-1-1.jsonl.gz',
    sha256: 'ab'.repeat(32),
    bytes: 1234,
    tables: 3,
    rows: 9_007_199_254_740_991,
    keptUntil: at,
  },
  backup: { made: false, why: 'the tenant has no volumes' },
  checks: areas.map((area) => ({ area, checkedAt: at, looked: ['x'], places: 1, found: 0, notes: [] })),
  kept: ['Stripe customer cus_1'],
};
const key = signingKeyOf(
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
);
const keys = [{ id: key.id, key: createPublicKey(key.privateKey) }];
const signed = signReceipt(body, key);
const changed = (change: (copy: SignedReceipt) => void): string => {
  const copy = structuredClone(signed);
  change(copy);
  return JSON.stringify(copy);
};

test('a receipt verifies, however it is laid out, and says what was signed', () => {
  const reordered = JSON.stringify({ signature: signed.signature, receipt: signed.receipt }, null, 4);
  for (const text of [JSON.stringify(signed), reordered]) {
    expect(verifyReceipt(text, keys)).toEqual({ format: 'tenantry-receipt/1', keyId: key.id, ...body });
  }
});

/** Every way to a value in a document. */
function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (value === null || typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]));
}

test('whatever value is changed, it verifies no more', () => {
  const paths = leaves(signed);
  expect(paths.length).toBeGreaterThan(50);
  for (const path of paths) {
    const text = changed((copy) => {
      let parent = copy as unknown as Record<string | number, unknown>;
      for (const name of path.slice(0, -1)) parent = parent[name] as typeof parent;
      const last = path.at(-1) ?? '';
      const value = parent[last];
      parent[last] =
        typeof value === 'number'
          ? value - 1
          : typeof value === 'string'
            ? `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`
            : 'something';
    });
    expect(() => verifyReceipt(text, keys), path.join('.')).toThrow(NotAReceipt);
  }
});

test.each<[string, string]>([
  ['a member added inside', changed((copy) => Object.assign(copy.receipt, { more: 1 }))],
  ['a member added outside', changed((copy) => Object.assign(copy, { note: 'x' }))],
  ['a line added to what is kept', changed((copy) => (copy.receipt.kept as string[]).push('nothing'))],
  ['a check left out', changed((copy) => (copy.receipt.checks as unknown[]).pop())],
  [
    'another area of something found',
    changed((copy) => Object.assign(copy.receipt.checks[0] ?? {}, { found: 3 })),
  ],
  ['a member doubled', JSON.stringify(signed).replace('"cell":"local"', '"cell":"elsewhere","cell":"local"')],
  [
    'an escaped member doubled',
    JSON.stringify(signed).replace('"cell":"local"', '"cel\\u006c":"x","cell":"local"'),
  ],
  ['no signature', JSON.stringify({ receipt: signed.receipt })],
  ['another algorithm', changed((copy) => Object.assign(copy.signature, { algorithm: 'none' }))],
  ['text that is no JSON', 'nothing'],
  ['the empty document', '{}'],
])('it is refused with %s', (_what, text) => {
  expect(() => verifyReceipt(text, keys)).toThrow(NotAReceipt);
});

test('a receipt of another key is refused, also when it calls itself by the id of ours', () => {
  const other = signingKeyOf(
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  expect(() => verifyReceipt(JSON.stringify(signReceipt(body, other)), keys)).toThrow(
    /not among those given/,
  );
  const forged = signReceipt(body, { ...other, id: key.id });
  expect(() => verifyReceipt(JSON.stringify(forged), keys)).toThrow(/does not hold/);
});

test('public keys are read from PEM, a JSON Web Key and a set of them; other keys are refused', () => {
  const pem = createPublicKey(key.privateKey).export({ format: 'pem', type: 'spki' }).toString();
  for (const text of [pem, JSON.stringify(key.publicKey), JSON.stringify({ keys: [key.publicKey] })]) {
    expect(readPublicKeys(text, keyId).map(({ id }) => id)).toEqual([key.id]);
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const others = [rsa.export({ format: 'pem', type: 'spki' }).toString(), '{"kty":"OKP"}', 'nonsense'];
  for (const text of others) expect(() => readPublicKeys(text, keyId)).toThrow(NotAReceipt);
});

test('a home keeps one key, though several ask for it at once, and nobody else may read it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'receipt-key-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const asked = await Promise.all(Array.from({ length: 4 }, () => keptSigningKey(home)));
  expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
  expect((await stat(join(home, 'keys', 'receipt.pem'))).mode & 0o777).toBe(0o600);
  expect((await keptSigningKey(home)).id).toBe(asked[0]?.id);
});

test('a key that is none of ours is refused without being shown', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const pem = rsa.export({ format: 'pem', type: 'pkcs8' }).toString();
  expect(createPrivateKey(pem).asymmetricKeyType).toBe('rsa');
  for (const text of [pem, 'secret text']) {
    const attempt = () => signingKeyOf(text);
    expect(attempt).toThrow(/key for receipts/);
    expect(attempt).not.toThrow(/secret text|PRIVATE/);
  }
});
