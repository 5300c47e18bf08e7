import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Resolve } from './resolve.ts';

/**
 * Which addresses an endpoint may have. Its URL comes from a customer, and the worker stands inside the cluster: sent
 * elsewhere than to the public internet, a delivery would reach what only we may reach.
 */

export interface AddressRules {
  /** Lets deliveries go to this machine and private networks, and without TLS; never to link-local addresses. */
  readonly allowPrivate: boolean;
  readonly resolve: Resolve;
  /** `defaultLookupTimeoutMs` when left out. */
  readonly lookupTimeoutMs?: number;
}

/** How long a look-up may take, of the time that an attempt has. */
const defaultLookupTimeoutMs = 5_000;

/** The endpoint's address is none that may be connected to. The message is for whoever has the endpoint. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
  /** For our own log alone: whether a name of our network is there, and where, is told to nobody else. */
  readonly detail: string | undefined;

  constructor(message: string, detail?: string) {
    super(message);
    this.detail = detail;
  }
}

/** IPv6 addresses that the internet routes; what lies outside includes NAT64, site-local and IPv4-compatible ones. */
const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** Where clouds answer about the machine itself, beside link-local addresses: AWS (IPv6), Alibaba, Azure. */
const metadataAddresses = ['fd00:ec2::254', '100.100.100.200', '168.63.129.16'].map((text) =>
  ipaddr.parse(text).toString(),
);

/** True for an address that a delivery may be sent to. */
export function mayConnectTo(address: string, { allowPrivate }: Pick<AddressRules, 'allowPrivate'>): boolean {
  if (!ipaddr.isValid(address)) return false;
  // IPv4 in its IPv6 form (::ffff:a.b.c.d) is what it stands for.
  const parsed = ipaddr.process(address);
  if (metadataAddresses.includes(parsed.toString())) return false;
  const range = parsed.range();
  if (range === 'unicast') return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(...globalUnicast);
  return allowPrivate && (range === 'loopback' || range === 'private' || range === 'uniqueLocal');
}

/**
 * What is wrong with an endpoint's URL whatever its name resolves to, as a sentence that follows "url"; null when
 * nothing is.
 */
export function urlProblem(text: string, rules: Pick<AddressRules, 'allowPrivate'>): string | null {
  if (!URL.canParse(text)) return 'must be a URL such as https://example.com/webhooks';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(rules.allowPrivate && url.protocol === 'http:'))
    return 'must begin with https://';
  if (url.username !== '' || url.password !== '')
    return 'must not hold a user name or password: deliveries are signed instead';
  if (url.hash !== '') return 'must not end in a #fragment, which is never sent';
  const literal = hostOf(url);
  if (isIP(literal) !== 0 && !mayConnectTo(literal, rules))
    return `must not be on ${literal}, which is not an address of the public internet`;
  return null;
}

/**
 * The addresses of a host that may be connected to.
 * @param signal cuts the look-up off; the promise then rejects with its reason
 * @throws RefusedAddress when it has none, in the same words when its name does not resolve
 */
export async function allowedAddresses(
  hostname: string,
  rules: AddressRules,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const addresses = isIP(hostname) !== 0 ? [hostname] : await lookUp(hostname, rules, signal);
  const allowed = addresses.filter((address) => mayConnectTo(address, rules));
  if (allowed.length > 0) return allowed;
  throw noAddress(`${hostname} is ${addresses.join(', ') || 'a name without addresses'}`);
}

async function lookUp(
  hostname: string,
  { resolve, lookupTimeoutMs = defaultLookupTimeoutMs }: AddressRules,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const timeout = AbortSignal.timeout(lookupTimeoutMs);
  const ends = signal ? AbortSignal.any([signal, timeout]) : timeout;
  ends.throwIfAborted();
  try {
    return await resolve(hostname, ends);
  } catch (error) {
    signal?.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    const why = timeout.aborted ? `not within ${lookupTimeoutMs} ms` : (code ?? message);
    throw noAddress(`${hostname} does not resolve (${why})`);
  }
}

function noAddress(detail: string): RefusedAddress {
  return new RefusedAddress(
    'the name in the URL does not resolve to an address that events may be sent to',
    detail,
  );
}

/** The host of a URL as an address or a name, without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
