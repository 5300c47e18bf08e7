/**
 * The local OpenID Connect issuer: discovery, JWKS, authorization code with PKCE for the page, and tokens for the
 * command line. People sign in by saying who they are, without any check, so it listens on loopback only.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import { listenOnLoopback } from './http.ts';
import { signInPage } from './sign-in-page.ts';

export interface IssuerOptions {
  /** Holds the signing key (0600); made when missing. */
  dataDir: string;
  /** Loopback port; a free one when left out. `iss` stays the same as long as the port does. */
  port?: number;
  /** `aud` of access tokens (default `tenantry`). */
  audience?: string;
}

export interface TokenClaims {
  /** Default: derived from the e-mail address, the same as at sign-in. */
  sub?: string;
  email: string;
  /** Scopes, space separated (default `tenant`). */
  scope?: string;
  /** Default 8 hours. */
  expiresInSeconds?: number;
}

export interface RunningIssuer {
  issuerUrl: string;
  /** Signs an access token. */
  sign(claims: TokenClaims): Promise<string>;
  stop(): Promise<void>;
}

const algorithm = 'ES256';
const codeLifetimeMs = 60_000;
const tokenLifetimeSeconds = 8 * 3600;

interface Grant {
  clientId: string;
  redirectUri: string;
  challenge: string;
  nonce: string | undefined;
  email: string;
  scope: string;
  expiresAt: number;
}

const authorizeSchema = z.object({
  response_type: z.literal('code'),
  client_id: z.string().min(1).max(200),
  redirect_uri: z.string().refine(isLoopback, 'redirect_uri must be on this machine'),
  code_challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'code_challenge must be S256'),
  code_challenge_method: z.literal('S256'),
  scope: z.string().max(500).default('openid'),
  state: z.string().max(1000).optional(),
  nonce: z.string().max(1000).optional(),
});

const signInSchema = authorizeSchema.extend({
  email: z.email().max(254),
  operator: z.literal('on').optional(),
});

const tokenSchema = z.object({
  grant_type: z.literal('authorization_code'),
  code: z.string(),
  redirect_uri: z.string(),
  client_id: z.string(),
  code_verifier: z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/),
});

/** The subject of an e-mail address. */
export function subjectOf(email: string): string {
  return `user-${createHash('sha256').update(email.trim().toLowerCase()).digest('hex').slice(0, 16)}`;
}

/** Starts the issuer; the key is made on first use. */
export async function startIssuer(options: IssuerOptions): Promise<RunningIssuer> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const { privateJwk, publicJwk } = await keptKey(join(options.dataDir, 'issuer-key.json'));
  const key = await importJWK(privateJwk, algorithm);
  const audience = options.audience ?? 'tenantry';
  const grants = new Map<string, Grant>();
  let issuerUrl = '';

  const signToken = (
    claims: Record<string, unknown>,
    sub: string,
    aud: string,
    seconds: number,
    type: string,
  ) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, kid: publicJwk.kid ?? '', typ: type })
      .setIssuer(issuerUrl)
      .setSubject(sub)
      .setAudience(aud)
      .setIssuedAt()
      .setExpirationTime(`${seconds}s`)
      .setJti(randomBytes(12).toString('base64url'))
      .sign(key);

  const sign = (claims: TokenClaims) =>
    signToken(
      { email: claims.email, email_verified: true, scope: claims.scope ?? 'tenant' },
      claims.sub ?? subjectOf(claims.email),
      audience,
      claims.expiresInSeconds ?? tokenLifetimeSeconds,
      'at+jwt',
    );

  const app = new Hono();
  for (const path of ['/.well-known/*', '/jwks', '/token']) app.use(path, cors());
  app.get('/.well-known/openid-configuration', (c) =>
    c.json({
      issuer: issuerUrl,
      authorization_endpoint: `${issuerUrl}/authorize`,
      token_endpoint: `${issuerUrl}/token`,
      jwks_uri: `${issuerUrl}/jwks`,
      end_session_endpoint: `${issuerUrl}/logout`,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
      token_endpoint_auth_methods_supported: ['none'],
      code_challenge_methods_supported: ['S256'],
      scopes_supported: ['openid', 'profile', 'email', 'tenant', 'operator'],
      claims_supported: ['sub', 'email', 'email_verified', 'scope'],
    }),
  );
  app.get('/jwks', (c) => c.json({ keys: [publicJwk] }));

  app.get('/authorize', (c) => {
    const asked = authorizeSchema.safeParse(c.req.query());
    if (!asked.success)
      return c.text(`This sign-in request is not valid: ${z.prettifyError(asked.error)}`, 400);
    return c.html(signInPage(asked.data));
  });
  app.post('/authorize', async (c) => {
    // Only our own form may choose an identity.
    const origin = c.req.header('origin');
    if (origin !== undefined && origin !== issuerUrl) return c.text('Sign in on the issuer’s own page.', 403);
    const asked = signInSchema.safeParse(await c.req.parseBody());
    if (!asked.success) return c.text(`This sign-in is not valid: ${z.prettifyError(asked.error)}`, 400);
    const { data } = asked;
    const code = randomBytes(24).toString('base64url');
    const wanted = new Set(data.scope.split(' ').filter((scope) => scope !== '' && scope !== 'operator'));
    wanted.add('tenant');
    if (data.operator) wanted.add('operator');
    for (const [old, grant] of grants) if (grant.expiresAt < Date.now()) grants.delete(old);
    grants.set(code, {
      clientId: data.client_id,
      redirectUri: data.redirect_uri,
      challenge: data.code_challenge,
      nonce: data.nonce,
      email: data.email,
      scope: [...wanted].join(' '),
      expiresAt: Date.now() + codeLifetimeMs,
    });
    const back = new URL(data.redirect_uri);
    back.searchParams.set('code', code);
    if (data.state !== undefined) back.searchParams.set('state', data.state);
    return c.redirect(back.href, 303);
  });

  app.post('/token', async (c) => {
    const refuse = (error: string, description: string) =>
      c.json({ error, error_description: description }, 400, { 'cache-control': 'no-store' });
    const asked = tokenSchema.safeParse(await c.req.parseBody());
    if (!asked.success) return refuse('invalid_request', z.prettifyError(asked.error));
    const { code, client_id, redirect_uri, code_verifier } = asked.data;
    const grant = grants.get(code);
    // A code works for one try.
    grants.delete(code);
    const challenge = createHash('sha256').update(code_verifier).digest('base64url');
    if (
      grant === undefined ||
      grant.expiresAt < Date.now() ||
      grant.clientId !== client_id ||
      grant.redirectUri !== redirect_uri ||
      grant.challenge !== challenge
    )
      return refuse('invalid_grant', 'The code is unknown, used, expired or not for this client.');
    const sub = subjectOf(grant.email);
    const identity = {
      email: grant.email,
      email_verified: true,
      ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
    };
    return c.json(
      {
        access_token: await sign({ email: grant.email, scope: grant.scope }),
        id_token: await signToken(identity, sub, client_id, tokenLifetimeSeconds, 'JWT'),
        token_type: 'Bearer',
        expires_in: tokenLifetimeSeconds,
        scope: grant.scope,
      },
      200,
      { 'cache-control': 'no-store' },
    );
  });

  app.get('/logout', (c) => {
    const back = c.req.query('post_logout_redirect_uri');
    return back !== undefined && isLoopback(back) ? c.redirect(back, 303) : c.text('Signed out.');
  });

  const server = await listenOnLoopback(app.fetch, options.port);
  issuerUrl = server.url;
  return { issuerUrl, sign, stop: server.stop };
}

function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return (
    /^https?:$/.test(protocol) &&
    (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'))
  );
}

async function keptKey(file: string): Promise<{ privateJwk: JWK; publicJwk: JWK }> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const privateJwk: JWK = text === undefined ? await makeKey(file) : JSON.parse(text);
  const { d: _private, ...publicJwk } = privateJwk;
  return { privateJwk, publicJwk };
}

async function makeKey(file: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk: JWK = {
    ...(await exportJWK(privateKey)),
    kid: randomBytes(8).toString('hex'),
    alg: algorithm,
    use: 'sig',
  };
  await writeFile(`${file}.new`, JSON.stringify(jwk), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return jwk;
}
