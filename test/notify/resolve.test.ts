/** Names are looked up at a name server of the test's own. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowedAddresses } from '../../automation/notify/address.ts';
import { readNotifyEnv } from '../../automation/notify/env.ts';
import { resolveAt, resolveByServers, resolveBySystem } from '../../automation/notify/resolve.ts';

let nameServer: Socket;
let at: string;
beforeAll(async () => {
  nameServer = createSocket('udp4');
  nameServer.on('message', (query, { port, address }) => {
    const answer = answerTo(query);
    if (answer) nameServer.send(answer, port, address);
  });
  nameServer.bind(0, '127.0.0.1');
  await once(nameServer, 'listening');
  at = `127.0.0.1:${nameServer.address().port}`;
});
afterAll(() => nameServer?.close());

const typeA = 1;
const typeAaaa = 28;
const names: Record<string, Record<number, readonly number[]>> = {
  'both.example.com': {
    [typeA]: [8, 8, 8, 8],
    [typeAaaa]: [0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11],
  },
  'v4.example.com': { [typeA]: [8, 8, 4, 4] },
  'half.example.com': { [typeA]: [8, 8, 4, 4] },
};

/** RFC 1035, section 4; null for names that begin with "hangs", and of IPv6 for those that begin with "half". */
function answerTo(query: Buffer): Buffer | null {
  const labels: string[] = [];
  let offset = 12;
  for (let length = query[offset] ?? 0; length > 0; length = query[offset] ?? 0) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  const type = query.readUInt16BE(offset + 1);
  const name = labels.join('.').toLowerCase();
  if (name.startsWith('hangs') || (name.startsWith('half') && type === typeAaaa)) return null;
  const address = names[name]?.[type];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(names[name] ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(address ? 1 : 0, 6);
  const question = query.subarray(12, offset + 5);
  const record = address ? [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, address.length, ...address] : [];
  return Buffer.concat([header, question, Buffer.from(record)]);
}

const never = new AbortController().signal;

test('a name has the addresses of both families, or of the one that it has', async () => {
  const resolve = resolveAt([at]);
  expect(await resolve('both.example.com', never)).toEqual(['8.8.8.8', '2606:4700::1111']);
  expect(await resolve('v4.example.com', never)).toEqual(['8.8.4.4']);
  await expect(resolve('gone.example.com', never)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('names of this machine itself are not resolved, as only name servers are asked', async () => {
  await expect(resolveAt([at])('localhost', never)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(await resolveBySystem('localhost', never)).toContain('127.0.0.1');
});

test('look-ups that hang end within their bound, and delay no other', async () => {
  const rules = { allowPrivate: false, resolve: resolveAt([at]), lookupTimeoutMs: 500 };
  const ended: string[] = [];
  const begun = performance.now();
  const hanging = Array.from({ length: 20 }, (_, index) =>
    allowedAddresses(`hangs${index}.example.com`, rules)
      .catch((error: { detail?: string }) => error.detail)
      .finally(() => ended.push('hanging')),
  );
  expect(await allowedAddresses('v4.example.com', rules)).toEqual(['8.8.4.4']);
  expect(await resolveBySystem('localhost', never)).toContain('127.0.0.1');
  expect(ended).toEqual([]);
  const details = await Promise.all(hanging);
  expect(details[0]).toBe('hangs0.example.com does not resolve (not within 500 ms)');
  expect(ended).toHaveLength(20);
  // A name server is waited for 2 s by itself.
  expect(performance.now() - begun).toBeLessThan(2_000);
});

test('an answer about one family counts when there is none about the other in time', async () => {
  const rules = { allowPrivate: false, resolve: resolveAt([at]), lookupTimeoutMs: 300 };
  expect(await allowedAddresses('half.example.com', rules)).toEqual(['8.8.4.4']);
});

test('who no longer wants a look-up ends it', async () => {
  const controller = new AbortController();
  const rules = { allowPrivate: false, resolve: resolveAt([at]) };
  const hanging = allowedAddresses('hangs.example.com', rules, controller.signal);
  controller.abort(new Error('the worker ends'));
  await expect(hanging).rejects.toThrow('the worker ends');
});

test("this machine's own names count only where private addresses are allowed", () => {
  expect(readNotifyEnv({})).toEqual({ allowPrivate: false, resolve: resolveByServers });
  expect(readNotifyEnv({ TENANTRY_NOTIFY_PRIVATE: 'allow' })).toEqual({
    allowPrivate: true,
    resolve: resolveBySystem,
  });
});
