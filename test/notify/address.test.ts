import { expect, test } from 'vitest';
import {
  allowedAddresses,
  mayConnectTo,
  RefusedAddress,
  urlProblem,
} from '../../automation/notify/address.ts';

const strict = { allowPrivate: false };
const embedded = { allowPrivate: true };

test.each([
  ['8.8.8.8', 'IPv4'],
  ['2606:4700::1111', 'IPv6'],
  ['::ffff:8.8.8.8', 'public IPv4 in its IPv6 form'],
])('%s (%s) may be connected to', (address) => {
  expect(mayConnectTo(address, strict)).toBe(true);
});

test.each([
  ['127.0.0.1', 'this machine'],
  ['127.8.9.1', 'this machine'],
  ['0.0.0.0', 'this machine, on Linux'],
  ['::', 'this machine, on Linux'],
  ['::1', 'this machine'],
  ['::ffff:127.0.0.1', 'this machine in IPv6 form'],
  ['::ffff:7f00:1', 'this machine in hexadecimal IPv6 form'],
  ['::7f00:1', 'IPv4-compatible IPv6'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['::ffff:10.0.0.1', 'private in IPv6 form'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['169.254.169.254', 'metadata'],
  ['::ffff:169.254.169.254', 'metadata in IPv6 form'],
  ['169.254.170.2', "metadata of AWS's containers"],
  ['100.100.100.200', 'metadata of Alibaba'],
  ['168.63.129.16', 'the host of a machine at Azure'],
  ['fd00:ec2::254', 'metadata of AWS by IPv6'],
  ['fe80::1', 'link-local'],
  ['fc00::1', 'unique local'],
  ['fec0::1', 'site-local'],
  ['64:ff9b::7f00:1', 'NAT64 of this machine'],
  ['64:ff9b:1::a00:1', 'local NAT64'],
  ['2002:7f00:1::', '6to4 of this machine'],
  ['2001::1', 'Teredo'],
  ['192.0.2.1', 'documentation'],
  ['2001:db8::1', 'documentation'],
  ['198.18.0.1', 'benchmarks'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['not an address', 'nothing'],
])('%s (%s) is refused', (address) => {
  expect(mayConnectTo(address, strict)).toBe(false);
});

test('where private addresses are allowed, metadata and link-local ones still are not', () => {
  for (const address of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '::1', 'fd12::1', '::ffff:127.0.0.1'])
    expect(mayConnectTo(address, embedded), address).toBe(true);
  for (const address of ['169.254.169.254', 'fd00:ec2::254', 'fe80::1', '0.0.0.0', '224.0.0.1', '100.64.0.1'])
    expect(mayConnectTo(address, embedded), address).toBe(false);
});

test.each([
  ['https://example.com/hook', null],
  ['https://example.com:8443/hook?token=1', null],
  ['https://8.8.8.8/hook', null],
  ['http://example.com/hook', 'must begin with https://'],
  ['ftp://example.com/hook', 'must begin with https://'],
  ['example.com', 'must be a URL such as https://example.com/webhooks'],
  [
    'https://user:secret@example.com/',
    'must not hold a user name or password: deliveries are signed instead',
  ],
  ['https://example.com/#part', 'must not end in a #fragment, which is never sent'],
  ['https://127.0.0.1/', 'must not be on 127.0.0.1, which is not an address of the public internet'],
  ['https://2130706433/', 'must not be on 127.0.0.1, which is not an address of the public internet'],
  ['https://0x7f.1/', 'must not be on 127.0.0.1, which is not an address of the public internet'],
  ['https://[::1]/', 'must not be on ::1, which is not an address of the public internet'],
  [
    'https://[::ffff:169.254.169.254]/latest/meta-data',
    'must not be on ::ffff:a9fe:a9fe, which is not an address of the public internet',
  ],
])('the URL %s: %s', (url, problem) => {
  expect(urlProblem(url, strict)).toBe(problem);
});

test('the embedded default takes this machine without TLS', () => {
  expect(urlProblem('http://127.0.0.1:3000/hook', embedded)).toBeNull();
  expect(urlProblem('http://169.254.169.254/', embedded)).toContain('169.254.169.254');
});

test('of a name that resolves to public and other addresses, only the public ones are used', async () => {
  const resolve = async () => ['10.0.0.1', '8.8.8.8', '::1', '2606:4700::1111'];
  expect(await allowedAddresses('example.com', { ...strict, resolve })).toEqual([
    '8.8.8.8',
    '2606:4700::1111',
  ]);
});

test('whether a name is not there or not public, a customer hears the same, and our own log hears more', async () => {
  const notFound = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
  const refusals = await Promise.all(
    [
      ['inner.example.com', async () => ['10.0.0.1', 'fd00:ec2::254']] as const,
      ['gone.example.com', () => Promise.reject(notFound)] as const,
      ['empty.example.com', async () => []] as const,
    ].map(([name, resolve]) => refusal(allowedAddresses(name, { ...strict, resolve }))),
  );
  expect(refusals.map(({ message }) => message)).toEqual(
    Array(3).fill('the name in the URL does not resolve to an address that events may be sent to'),
  );
  expect(refusals.map(({ detail }) => detail)).toEqual([
    'inner.example.com is 10.0.0.1, fd00:ec2::254',
    'gone.example.com does not resolve (ENOTFOUND)',
    'empty.example.com is a name without addresses',
  ]);
});

async function refusal(refused: Promise<unknown>): Promise<RefusedAddress> {
  const error = await refused.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RefusedAddress)) throw new Error('nothing was refused', { cause: error });
  return error;
}
