import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Resolve } from './resolve.ts';

/**
 * Guards against SSRF. An endpoint's URL comes from a customer, and the worker that posts to it stands inside the cluster,
 * so deliveries go to the public internet only.
 */

export interface AddressRules {
  /** Allows this machine, private networks and plain HTTP; link-local addresses are never allowed. */
  readonly allowPrivate: boolean;
  readonly resolve: Resolve;
  /** `defaultLookupTimeoutMs` when left out. */
  readonly lookupTimeoutMs?: number;
}

/** Most of an attempt's time that the look-up may take. */
const defaultLookupTimeoutMs = 5_000;

/** We do not connect to the endpoint's address. The message is for the endpoint's owner. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
  /** For our own log only: it can reveal names and addresses of our network. */
  readonly detail: string | undefined;

  constructor(message: string, detail?: string) {
    super(message);
    this.detail = detail;
  }
}

/** IPv6 addresses that the internet routes. Outside lie NAT64, site-local and IPv4-compatible ones, among others. */
const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** Metadata services that are not on link-local addresses: AWS (IPv6), Alibaba, Azure. */
const metadataAddresses = ['fd00:ec2::254', '100.100.100.200', '168.63.129.16'].map((text) =>
  ipaddr.parse(text).toString(),
);

export function mayConnectTo(address: string, { allowPrivate }: Pick<AddressRules, 'allowPrivate'>): boolean {
  if (!ipaddr.isValid(address)) return false;
  // Judges an IPv4-mapped address (::ffff:a.b.c.d) as the IPv4 address it stands for.
  const parsed = ipaddr.process(address);
  if (metadataAddresses.includes(parsed.toString())) return false;
  const range = parsed.range();
  if (range === 'unicast') return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(...globalUnicast);
  return allowPrivate && (range === 'loopback' || range === 'private' || range === 'uniqueLocal');
}

/**
 * Checks an endpoint's URL without resolving its name.
 * @returns the problem, as a phrase that follows "url"; null when there is none
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
 * Resolves a host to the addresses that we may connect to.
 * @param signal cancels the look-up; the promise then rejects with its reason
 * @throws RefusedAddress when there is none; the message is the same when the name does not resolve
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

/** The host of a URL, without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
