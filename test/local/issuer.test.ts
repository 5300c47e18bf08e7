import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningIssuer, startIssuer, subjectOf } from '../../automation/local/issuer.ts';

let dataDir: string;
let issuer: RunningIssuer;
const folders: string[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tenantry-issuer-'));
  folders.push(dataDir);
  issuer = await startIssuer({ dataDir });
});
afterEach(() => issuer.stop());
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function discover(): Promise<Record<string, string>> {
  return (await fetch(`${issuer.issuerUrl}/.well-known/openid-configuration`)).json() as Promise<
    Record<string, string>
  >;
}

async function verify(token: string, audience = 'tenantry') {
  const { jwks_uri = '' } = await discover();
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  return (await jwtVerify(token, keys, { issuer: issuer.issuerUrl, audience, algorithms: ['ES256'] }))
    .payload;
}

const redirectUri = 'http://127.0.0.1:8080/';
const verifier = randomBytes(32).toString('base64url');

function request(changes: Record<string, string> = {}): URLSearchParams {
  return new URLSearchParams({
    response_type: 'code',
    client_id: 'page',
    redirect_uri: redirectUri,
    scope: 'openid email tenant',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  });
}

async function signIn(changes: Record<string, string> = {}): Promise<URL> {
  const answer = await fetch(`${issuer.issuerUrl}/authorize`, {
    method: 'POST',
    redirect: 'manual',
    body: request({ email: 'ada@example.com', ...changes }),
  });
  expect(answer.status).toBe(303);
  return new URL(answer.headers.get('location') ?? '');
}

function exchange(code: string, changes: Record<string, string> = {}): Promise<Response> {
  return fetch(`${issuer.issuerUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      client_id: 'page',
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...changes,
    }),
  });
}

describe('the local issuer', () => {
  test('signs tokens that verify by its JWKS, with the claims that the service reads', async () => {
    const payload = await verify(await issuer.sign({ email: 'Ada@example.com', scope: 'operator tenant' }));
    expect(payload).toMatchObject({
      sub: subjectOf('ada@example.com'),
      email: 'Ada@example.com',
      email_verified: true,
      scope: 'operator tenant',
      aud: 'tenantry',
    });
  });

  test('keeps its key for itself and over a restart at the same port', async () => {
    const token = await issuer.sign({ email: 'ada@example.com' });
    const port = Number(new URL(issuer.issuerUrl).port);
    await issuer.stop();
    issuer = await startIssuer({ dataDir, port });
    await expect(verify(token)).resolves.toMatchObject({ email: 'ada@example.com' });
    expect((await stat(join(dataDir, 'issuer-key.json'))).mode & 0o777).toBe(0o600);
    const jwks = await (await fetch(`${issuer.issuerUrl}/jwks`)).text();
    expect(jwks).not.toContain('"d"');
  });

  test('asks who one is and gives a code for tokens of that person', async () => {
    const page = await (await fetch(`${issuer.issuerUrl}/authorize?${request()}`)).text();
    expect(page).toContain('name="email"');
    expect(page).toContain('value="state-1"');
    const back = await signIn();
    expect(back.href.startsWith(redirectUri)).toBe(true);
    expect(back.searchParams.get('state')).toBe('state-1');
    const answer = await exchange(back.searchParams.get('code') ?? '');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const tokens = (await answer.json()) as Record<string, string>;
    expect(await verify(tokens.access_token ?? '')).toMatchObject({
      sub: subjectOf('ada@example.com'),
      scope: 'openid email tenant',
    });
    expect(await verify(tokens.id_token ?? '', 'page')).toMatchObject({
      nonce: 'nonce-1',
      email: 'ada@example.com',
    });
  });

  test('gives the operator’s scope only to who ticks it', async () => {
    const scopeOf = async (back: URL) => {
      const answer = await exchange(back.searchParams.get('code') ?? '');
      return ((await answer.json()) as Record<string, string>).scope?.split(' ');
    };
    expect(await scopeOf(await signIn({ scope: 'openid operator' }))).not.toContain('operator');
    expect(await scopeOf(await signIn({ operator: 'on' }))).toContain('operator');
  });

  test.each([
    ['used twice', {}, true],
    ['with another verifier', { code_verifier: randomBytes(32).toString('base64url') }, false],
    ['by another client', { client_id: 'other' }, false],
    ['for another address', { redirect_uri: 'http://127.0.0.1:9/' }, false],
  ])('refuses a code %s', async (_what, changes, before) => {
    const code = (await signIn()).searchParams.get('code') ?? '';
    if (before) await exchange(code);
    const answer = await exchange(code, changes);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_grant' });
  });

  test.each([
    ['an address elsewhere', { redirect_uri: 'https://evil.example/' }],
    ['no S256 challenge', { code_challenge_method: 'plain' }],
    ['an address that is none', { redirect_uri: 'javascript:alert(1)' }],
  ])('refuses a sign-in with %s', async (_what, changes) => {
    expect((await fetch(`${issuer.issuerUrl}/authorize?${request(changes)}`)).status).toBe(400);
  });

  test('puts nothing of the request into its page unescaped', async () => {
    const page = await (
      await fetch(`${issuer.issuerUrl}/authorize?${request({ state: '"><script>' })}`)
    ).text();
    expect(page).not.toContain('<script>');
  });

  test('lets no other page choose who somebody is', async () => {
    const answer = await fetch(`${issuer.issuerUrl}/authorize`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: request({ email: 'ada@example.com' }),
    });
    expect(answer.status).toBe(403);
  });
});
