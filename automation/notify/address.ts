import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Which addresses an endpoint may have. Its URL comes from a customer, and the worker stands inside the cluster: sent
 * elsewhere than to the public internet, a delivery would reach what only we may reach.
 */

/** Names to addresses; an argument, as tests bring their own. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface AddressRules {
  /** Lets deliveries go to this machine and private networks, and without TLS; never to link-local addresses. */
  readonly allowPrivate: boolean;
  readonly resolve: Resolve;
}

export const resolveBySystem: Resolve = async (hostname) =>
  (await systemLookup(hostname, { all: true, verbatim: true })).map(({ address }) => address);

/** The endpoint's address is none that may be connected to. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
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
 * @throws RefusedAddress when it has none, also when its name does not resolve
 */
export async function allowedAddresses(hostname: string, rules: AddressRules): Promise<readonly string[]> {
  const addresses =
    isIP(hostname) !== 0
      ? [hostname]
      : await rules.resolve(hostname).catch((error: NodeJS.ErrnoException) => {
          throw new RefusedAddress(`${hostname} does not resolve (${error.code ?? error.message})`);
        });
  const allowed = addresses.filter((address) => mayConnectTo(address, rules));
  if (allowed.length > 0) return allowed;
  throw new RefusedAddress(
    addresses.length === 0
      ? `${hostname} does not resolve`
      : `${hostname} is ${addresses.join(', ')}, which is not an address of the public internet`,
  );
}

/** The host of a URL as an address or a name, without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
