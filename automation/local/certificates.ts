/**
 * X.509 certificates for the local control plane, by node:crypto alone: only the DER that a CA and its certificates
 * need (RFC 5280), ECDSA P-256 with SHA-256.
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Certificate {
  certificatePem: string;
  privateKeyPem: string;
}

const tenYearsMs = 10 * 365 * 24 * 3600 * 1000;

/** A new certificate authority, valid for ten years. */
export function createAuthority(commonName: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [
    extension('2.5.29.19', sequence(boolean(true)), true),
    // keyCertSign and cRLSign
    extension('2.5.29.15', tlv(0x03, Buffer.from([0x01, 0x06])), true),
    extension('2.5.29.14', octets(keyIdentifier(publicKey))),
  ];
  return issue({
    subject: commonName,
    issuer: commonName,
    publicKey,
    privateKey,
    signer: privateKey,
    extensions,
  });
}

/** A certificate for a server (and client) at the given addresses and names, signed by the authority. */
export function createCertificate(
  authority: Certificate,
  commonName: string,
  hosts: readonly string[],
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = hosts.map((host) =>
    isIPv4(host)
      ? tlv(0x87, Buffer.from(host.split('.').map(Number)))
      : tlv(0x82, Buffer.from(host, 'ascii')),
  );
  const extensions = [
    // digitalSignature
    extension('2.5.29.15', tlv(0x03, Buffer.from([0x07, 0x80])), true),
    // serverAuth and clientAuth
    extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.1'), objectId('1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.17', sequence(...names)),
  ];
  const signer = createPrivateKey(authority.privateKeyPem);
  return issue({
    subject: commonName,
    issuer: authorityName(authority),
    publicKey,
    privateKey,
    signer,
    extensions,
  });
}

interface Issued {
  subject: string;
  issuer: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
  signer: KeyObject;
  extensions: Buffer[];
}

function issue(issued: Issued): Certificate {
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'));
  const now = Date.now();
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    distinguishedName(issued.issuer),
    // A day of slack for a clock that is set back.
    sequence(time(now - 24 * 3600 * 1000), time(now + tenYearsMs)),
    distinguishedName(issued.subject),
    issued.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...issued.extensions)),
  );
  const signature = sign('sha256', toBeSigned, { key: issued.signer, dsaEncoding: 'der' });
  const der = sequence(toBeSigned, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    privateKeyPem: issued.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function authorityName(authority: Certificate): string {
  const name = /CN=([^\n]+)/.exec(new X509Certificate(authority.certificatePem).subject)?.[1];
  if (!name) throw new Error('the authority has no name');
  return name;
}

function tlv(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const digits = length.subarray(length.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function octets(content: Buffer): Buffer {
  return tlv(0x04, content);
}

function boolean(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]));
}

function integer(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(start < 0 ? bytes.length - 1 : start);
  // The top bit is the sign, which a positive number never sets.
  return tlv(0x02, (digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits);
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128))
      groups.unshift((high & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  // RFC 5280: UTCTime until 2049, GeneralizedTime from 2050.
  return digits < '2050' ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId('2.5.4.3'), tlv(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octets(value));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}
