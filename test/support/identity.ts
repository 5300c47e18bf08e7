/** An identity provider of a test's own: keys come and go, and tokens may say anything. */
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export interface Identity {
  readonly issuer: string;
  readonly key: SigningKey;
  /** Replaces all published keys. */
  publish(...keys: readonly SigningKey[]): void;
  /** How often the keys were fetched. */
  readonly keyFetches: number;
  /** Answers everything with this status; 200 is normal. */
  answerWith(status: number): void;
  /** Answers requests for the keys with this status. */
  answerKeysWith(status: number): void;
  /** A token that the issuer signs for `sub` with the scope; `claims` override its own. */
  token(sub: string, scope?: string, claims?: JWTPayload): Promise<string>;
  stop(): Promise<void>;
}

export async function makeKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
}

/** A token signed with any key; `expiresIn` is a number of seconds from now. */
export function signToken(key: SigningKey, claims: JWTPayload, expiresIn: number): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(key.privateKey);
}

export async function startIdentity(audience = 'tenantry'): Promise<Identity> {
  const key = await makeKey('first');
  let published: readonly SigningKey[] = [key];
  let status = 200;
  let keysStatus = 200;
  let keyFetches = 0;
  let issuer = '';
  const server = createServer((request, response) => {
    const isKeys = request.url === '/jwks';
    if (isKeys) keyFetches += 1;
    const body = isKeys
      ? { keys: published.map(({ publicJwk }) => publicJwk) }
      : { issuer, jwks_uri: `${issuer}/jwks` };
    response
      .writeHead(isKeys ? Math.max(status, keysStatus) : status, { 'content-type': 'application/json' })
      .end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port');
  issuer = `http://127.0.0.1:${address.port}`;
  return {
    issuer,
    key,
    publish: (...keys) => {
      published = keys;
    },
    get keyFetches() {
      return keyFetches;
    },
    answerWith: (code) => {
      status = code;
    },
    answerKeysWith: (code) => {
      keysStatus = code;
    },
    token: (sub, scope = 'tenant', claims = {}) =>
      signToken(key, { iss: issuer, aud: audience, sub, scope, ...claims }, 3600),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
