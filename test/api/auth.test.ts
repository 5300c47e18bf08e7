import { createHmac, generateKeyPairSync } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { exportSPKI, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthenticator } from '../../api/auth.ts';
import { makeKey, type SigningKey, signToken, startIdentity } from '../support/identity.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

const list = (token: string | null, headers: Record<string, string> = {}) =>
  service.request('GET', '/v1/tenants', { token, headers });

const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: service.identity.issuer,
  aud: 'tenantry',
  sub: 'ada',
  scope: 'tenant',
  ...more,
});

const signed = (more: JWTPayload, expiresIn = 3600) =>
  signToken(service.identity.key, claims(more), expiresIn);

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a request', () => {
  test('with a good token is answered', async () => {
    expect((await list(await signed({}))).status).toBe(200);
    const audiences = await signed({ aud: ['other', 'tenantry'] });
    expect((await list(audiences)).status).toBe(200);
  });

  test.each<[string, () => Promise<string>]>([
    ['garbage', async () => 'garbage'],
    ['three empty parts', async () => '..'],
    ['a header of garbage', async () => `${encoded('x')}.${encoded({})}.c2ln`],
    ['a megabyte of text', async () => 'a'.repeat(8000)],
    ['one that has expired', () => signed({}, -60)],
    [
      'one that never expires',
      () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'ES256', kid: 'first' })
          .sign(service.identity.key.privateKey),
    ],
    ['one that is not valid yet', () => signed({ nbf: Math.floor(Date.now() / 1000) + 600 })],
    ['one of another issuer', () => signed({ iss: 'https://issuer.example' })],
    ['one of an issuer whose name begins alike', () => signed({ iss: `${service.identity.issuer}/evil` })],
    ['one for another audience', () => signed({ aud: 'another-service' })],
    ['one for no audience', () => signed({ aud: [] })],
    ['one of nobody', () => signed({ sub: '' })],
    [
      'one without a signature',
      async () => new UnsecuredJWT(claims()).setExpirationTime('1h').setIssuedAt().encode(),
    ],
    ['one of an unknown key', async () => signToken(await makeKey('unknown'), claims(), 3600)],
    ['one of another key under a known name', async () => signToken(await makeKey('first'), claims(), 3600)],
    [
      'one signed with the public key as a shared secret',
      async () => {
        const publicKey = (await importJWK(service.identity.key.publicJwk, 'ES256', {
          extractable: true,
        })) as CryptoKey;
        const header = encoded({ alg: 'HS256', typ: 'JWT', kid: 'first' });
        const body = encoded({ ...claims(), exp: Math.floor(Date.now() / 1000) + 3600 });
        const mac = createHmac('sha256', await exportSPKI(publicKey)).update(`${header}.${body}`);
        return `${header}.${body}.${mac.digest('base64url')}`;
      },
    ],
    [
      'one that brings its own key',
      async () => {
        const own = await makeKey('own');
        return new SignJWT(claims())
          .setProtectedHeader({ alg: 'ES256', jwk: own.publicJwk })
          .setExpirationTime('1h')
          .sign(own.privateKey);
      },
    ],
    [
      'one that was changed after it was signed',
      async () => {
        const [header, , signature] = (await signed({})).split('.');
        const body = { ...claims({ scope: 'operator' }), exp: Math.floor(Date.now() / 1000) + 3600 };
        return `${header}.${encoded(body)}.${signature}`;
      },
    ],
  ])('with a token that is %s is answered 401', async (_name, token) => {
    const answer = await list(await token());
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'unauthenticated', status: 401 });
  });

  test('without a token, or with one where none belongs, is answered 401', async () => {
    const token = await signed({});
    expect((await list(null)).status).toBe(401);
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${token}`,
      token,
      `Bearer ${token} ${token}`,
    ]) {
      expect((await list(null, { authorization })).status).toBe(401);
    }
    const query = await service.request('GET', `/v1/tenants?access_token=${token}`, { token: null });
    expect(query.status).toBe(401);
  });

  test('with a 401 names the scheme, as RFC 9110 asks', async () => {
    expect((await list(null)).headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  test.each([['operators'], ['tenant:read'], ['openid profile'], [''], ['OPERATOR']])(
    'with the scope "%s" alone is answered 403',
    async (scope) => {
      const answer = await list(await signed({ scope }));
      expect([answer.status, answer.body]).toMatchObject([403, { code: 'forbidden' }]);
    },
  );

  test('with a scope that is no text, or none, is answered 403', async () => {
    for (const scope of [undefined, ['operator'], { operator: true }]) {
      expect((await list(await signed({ scope }))).status).toBe(403);
    }
  });

  test('says which claim is wrong and never shows the token', async () => {
    const token = await signed({ aud: 'another-service' });
    const answer = await list(token);
    expect(answer.body).toMatchObject({ detail: expect.stringContaining('"aud"') });
    expect(answer.text).not.toContain(token.slice(0, 20));
    expect(service.log()).not.toContain(token);
  });

  test.each([
    ['GET', '/v1/tenants'],
    ['GET', '/v1/tenants/a0000001'],
    ['GET', '/v1/tenants/a0000001/timeline'],
    ['GET', '/v1/tenants/a0000001/access'],
    ['GET', '/v1/tenants/a0000001/events'],
    ['POST', '/v1/tenants/a0000001/retry'],
    ['POST', '/v1/checkout'],
  ])('%s %s asks for a token before anything else', async (method, path) => {
    await addTenant(service.database, { id: 'a0000001' }).catch(() => {});
    const answer = await service.request(method, path, {
      token: null,
      ...(method === 'POST' && { body: '{' }),
    });
    expect(answer.status).toBe(401);
  });
});

describe('keys of the issuer', () => {
  test('that are new are learnt and those withdrawn are forgotten, without a restart', async () => {
    const identity = await startIdentity();
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const authenticate = createAuthenticator({ issuer: identity.issuer, audience: 'tenantry' });
      const token = async (key: SigningKey) => {
        const claimed = { iss: identity.issuer, aud: 'tenantry', sub: 'ada', scope: 'tenant' };
        return `Bearer ${await signToken(key, claimed, 86_400)}`;
      };
      const next = await makeKey('next');
      expect(await authenticate(await token(identity.key))).toMatchObject({ subject: 'ada' });
      identity.publish(identity.key, next);
      vi.setSystemTime(Date.now() + 60_000);
      expect(await authenticate(await token(next))).toMatchObject({ subject: 'ada' });
      expect(await authenticate(await token(identity.key))).toMatchObject({ subject: 'ada' });
      identity.publish(next);
      vi.setSystemTime(Date.now() + 3_600_000);
      await expect(authenticate(await token(identity.key))).rejects.toMatchObject({
        code: 'unauthenticated',
      });
      expect(await authenticate(await token(next))).toMatchObject({ subject: 'ada' });
    } finally {
      vi.useRealTimers();
      await identity.stop();
    }
  });

  test('are not fetched again for every token with an unknown key', async () => {
    const identity = await startIdentity();
    try {
      const authenticate = createAuthenticator({ issuer: identity.issuer, audience: 'tenantry' });
      await authenticate(`Bearer ${await identity.token('ada')}`);
      const unknown = await makeKey('unknown');
      const forged = await signToken(unknown, { iss: identity.issuer, aud: 'tenantry', sub: 'ada' }, 60);
      for (let n = 0; n < 20; n += 1) {
        await expect(authenticate(`Bearer ${forged}`)).rejects.toMatchObject({ code: 'unauthenticated' });
      }
      expect(identity.keyFetches).toBeLessThanOrEqual(2);
    } finally {
      await identity.stop();
    }
  });

  test('that cannot be fetched make the answer 503, not 401, until they can', async () => {
    const identity = await startIdentity();
    try {
      const authenticate = createAuthenticator({ issuer: identity.issuer, audience: 'tenantry' });
      const token = `Bearer ${await identity.token('ada')}`;
      identity.answerWith(500);
      await expect(authenticate(token)).rejects.toMatchObject({ code: 'unavailable' });
      identity.answerWith(200);
      expect(await authenticate(token)).toMatchObject({ subject: 'ada' });
    } finally {
      await identity.stop();
    }
  });

  test('that cannot be fetched after discovery make the answer 503 as well', async () => {
    const identity = await startIdentity();
    try {
      const authenticate = createAuthenticator({ issuer: identity.issuer, audience: 'tenantry' });
      const token = `Bearer ${await identity.token('ada')}`;
      identity.answerKeysWith(500);
      await expect(authenticate(token)).rejects.toMatchObject({ code: 'unavailable' });
      identity.answerKeysWith(200);
      expect(await authenticate(token)).toMatchObject({ subject: 'ada' });
    } finally {
      await identity.stop();
    }
  });

  test('are used only with the algorithm that they are for', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', kid: 'first' })
      .setExpirationTime('1h')
      .sign(privateKey);
    // The published key of that name is no RSA key.
    expect((await list(token)).status).toBe(401);
  });
});

describe('several issuers', () => {
  let home: Awaited<ReturnType<typeof startIdentity>>;
  beforeAll(async () => {
    home = await startIdentity('page-at-home');
  });
  afterAll(() => home?.stop());
  const both = () =>
    createAuthenticator(
      { issuer: service.identity.issuer, audience: 'tenantry' },
      { issuer: home.issuer, audience: 'page-at-home' },
    );

  test('are trusted alike: a token of either is taken, its owner is who its subject says', async () => {
    const authenticate = both();
    expect(await authenticate(`Bearer ${await home.token('ada')}`)).toMatchObject({ subject: 'ada' });
    expect(await authenticate(`Bearer ${await signed({ sub: 'bob' })}`)).toMatchObject({ subject: 'bob' });
  });

  test.each<[string, () => Promise<string>]>([
    [
      'in the name of the other',
      () =>
        signToken(
          service.identity.key,
          { iss: home.issuer, aud: 'page-at-home', sub: 'ada', scope: 'operator' },
          60,
        ),
    ],
    ['for the audience of the other', () => home.token('ada', 'tenant', { aud: 'tenantry' })],
    ['of an issuer that is none of them', () => signed({ iss: 'https://issuer.example' })],
    ['of no issuer', () => signed({ iss: '' })],
  ])('sign only for themselves: a token %s is refused', async (_what, token) => {
    await expect(both()(`Bearer ${await token()}`)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('do not wait for each other: one that cannot be reached refuses its own people alone', async () => {
    const authenticate = both();
    home.answerWith(500);
    try {
      await expect(authenticate(`Bearer ${await home.token('ada')}`)).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(await authenticate(`Bearer ${await signed({})}`)).toMatchObject({ subject: 'ada' });
    } finally {
      home.answerWith(200);
    }
  });

  test('each sign in at the name of their own page', async () => {
    const other = await startService({
      alsoTrusted: [
        {
          issuer: home.issuer,
          audience: 'page-at-home',
          clientId: 'page-at-home',
          scope: 'openid',
          host: 'tenantry.example',
        },
      ],
    });
    try {
      const configAt = async (host: string) =>
        (await requestWithHost(`${other.url}/v1/config`, host)) as { issuer: string; clientId: string };
      expect(await configAt('tenantry.example')).toMatchObject({
        issuer: home.issuer,
        clientId: 'page-at-home',
      });
      expect(await configAt('us-west-2.tenantry.example')).toMatchObject({ issuer: other.identity.issuer });
      expect(await configAt('evil.example')).toMatchObject({ issuer: other.identity.issuer });
      expect((await other.request('GET', '/v1/tenants', { token: await home.token('ada') })).status).toBe(
        200,
      );
    } finally {
      await other.stop();
    }
  });
});

/** `fetch` lets nobody name a host. */
async function requestWithHost(url: string, host: string): Promise<unknown> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers: { host } }, resolve).once('error', reject);
  });
  return json(answer);
}

describe('the caller', () => {
  const callerOf = async (more: JWTPayload) =>
    createAuthenticator({ issuer: service.identity.issuer, audience: 'tenantry' })(
      `Bearer ${await signed(more)}`,
    );

  test('has an e-mail address only when the issuer did not say that it is unverified', async () => {
    expect(await callerOf({ email: 'a@example.com', email_verified: true })).toMatchObject({
      email: 'a@example.com',
    });
    expect(await callerOf({ email: 'a@example.com', email_verified: false })).toMatchObject({ email: null });
    expect(await callerOf({ email: ['a@example.com'] })).toMatchObject({ email: null });
  });

  test('is an operator when one of the scopes says so', async () => {
    expect(await callerOf({ scope: 'openid operator tenant' })).toMatchObject({ kind: 'operator' });
    expect(await callerOf({ scope: 'openid tenant' })).toMatchObject({ kind: 'person' });
  });
});
