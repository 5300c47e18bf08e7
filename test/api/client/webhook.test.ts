import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { verifyWebhook, type WebhookEvent } from '../../../api/client/index.ts';

const secret = `whsec_${randomBytes(24).toString('base64')}`;
const other = `whsec_${randomBytes(24).toString('base64')}`;
const event: WebhookEvent = {
  type: 'usage.limit_reached',
  timestamp: '2026-11-30T12:00:00.000Z',
  data: {
    tenantId: 'abcd1234',
    month: '2026-11',
    limit: 'Zoë’s sessions',
    usedMicroUnits: 5_000_000,
    limitMicroUnits: 5_000_000,
  },
};
const body = JSON.stringify(event);
const now = new Date('2026-11-30T12:00:00Z');

/** As a sender by the reference package signs. */
function signed(by = secret, content = body, at = now) {
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(by).sign('msg_1', at, content),
  };
}

describe('a webhook that the reference package signed', () => {
  test('is taken, and its body parsed', async () => {
    expect(await verifyWebhook(body, signed(), secret, { now })).toEqual(event);
  });

  test.each<[string, string | Uint8Array, ConstructorParameters<typeof Headers>[0]]>([
    ['as bytes', new TextEncoder().encode(body), signed()],
    ['with headers of the web', body, new Headers(signed())],
  ])('is taken %s', async (_, content, headers) => {
    const given = headers instanceof Headers ? headers : (headers as Record<string, string>);
    expect(await verifyWebhook(content, given, secret, { now })).toEqual(event);
  });

  test('is taken whatever the letters of the names of its headers', async () => {
    const headers = Object.fromEntries(
      Object.entries(signed()).map(([name, value]) => [name.toUpperCase(), [value]]),
    );
    expect(await verifyWebhook(body, headers, secret, { now })).toEqual(event);
  });

  test('is taken while a secret is rotated: by several signatures, or by several secrets', async () => {
    const both = {
      ...signed(),
      'webhook-signature': `${signed(other)['webhook-signature']} ${signed()['webhook-signature']}`,
    };
    await expect(verifyWebhook(body, both, secret, { now })).resolves.toBeDefined();
    await expect(verifyWebhook(body, signed(), [other, secret], { now })).resolves.toBeDefined();
  });

  test('is taken as old as the tolerance, and as new', async () => {
    for (const ms of [-300_000, 300_000]) {
      const at = new Date(now.getTime() + ms);
      await expect(verifyWebhook(body, signed(secret, body, at), secret, { now })).resolves.toBeDefined();
    }
  });

  test('is what the reference package takes, too', () => {
    const headers = signed(secret, body, new Date());
    expect(new Webhook(secret).verify(body, headers)).toEqual(event);
  });
});

describe('a webhook is refused', () => {
  test.each<[string, string, Record<string, string>, string]>([
    ['of another secret', body, signed(other), 'invalid_signature'],
    ['that was changed on the way', body.replace('abcd1234', 'abcd1235'), signed(), 'invalid_signature'],
    ['under another id', body, { ...signed(), 'webhook-id': 'msg_2' }, 'invalid_signature'],
    [
      'sent again with a fresh time',
      body,
      { ...signed(secret, body, new Date(0)), 'webhook-timestamp': signed()['webhook-timestamp'] },
      'invalid_signature',
    ],
    [
      'with a signature of another version',
      body,
      { ...signed(), 'webhook-signature': signed()['webhook-signature'].replace('v1,', 'v1a,') },
      'invalid_signature',
    ],
    [
      'with a signature that is no base64',
      body,
      { ...signed(), 'webhook-signature': 'v1,%%%' },
      'invalid_signature',
    ],
    ['that is too old', body, signed(secret, body, new Date(now.getTime() - 301_000)), 'outside_tolerance'],
    ['from the future', body, signed(secret, body, new Date(now.getTime() + 301_000)), 'outside_tolerance'],
    ['with a time that is none', body, { ...signed(), 'webhook-timestamp': 'today' }, 'invalid_timestamp'],
    ['without an id', body, { ...signed(), 'webhook-id': '' }, 'missing_header'],
    ['without any header', body, {}, 'missing_header'],
  ])('%s', async (_, content, headers, code) => {
    await expect(verifyWebhook(content, headers, secret, { now })).rejects.toMatchObject({
      name: 'WebhookError',
      code,
    });
  });

  test.each(['', 'whsec_', 'whsec_not base64!'])(
    'and the secret %j named as what is wrong',
    async (wrong) => {
      await expect(verifyWebhook(body, signed(), wrong, { now })).rejects.toThrow(/^secret: /);
    },
  );
});
