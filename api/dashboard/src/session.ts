import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import type { Config } from './types.ts';

/**
 * Sign-in by authorization code with PKCE, entirely in the browser. sessionStorage keeps the token: it survives the
 * way to the payment page and back, and ends with the tab.
 */
export interface Session {
  readonly token: string;
  readonly subject: string;
  /** E-mail or name where the issuer gives one, else the subject. */
  readonly label: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** Path, query and hash to come back to. */
  readonly returnTo: string;
}

const sessionKey = 'tenantry.session';
const pendingKey = 'tenantry.sign-in';

/** This tab's session, or null when there is none or it has expired. */
export function storedSession(now = Date.now()): Session | null {
  const session = read<Session>(sessionKey);
  return session !== null && typeof session.token === 'string' && session.expiresAt > now ? session : null;
}

export function forgetSession(): void {
  sessionStorage.removeItem(sessionKey);
}

/** Whether the token looks like an operator's. Only for display: the API decides for itself. */
export function isOperator({ token }: Pick<Session, 'token'>): boolean {
  try {
    const { scope } = decodeJwt<{ scope?: unknown }>(token);
    return typeof scope === 'string' && scope.split(' ').includes('operator');
  } catch {
    return false;
  }
}

/** Leaves the page for the issuer's sign-in. */
export async function startSignIn(config: Config, returnTo: string): Promise<void> {
  const server = await discover(config);
  if (server.authorization_endpoint === undefined)
    throw new Error('The issuer has no authorization endpoint.');
  const pending: PendingSignIn = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    codeVerifier: oauth.generateRandomCodeVerifier(),
    returnTo,
  };
  sessionStorage.setItem(pendingKey, JSON.stringify(pending));
  const url = new URL(server.authorization_endpoint);
  const parameters = {
    response_type: 'code',
    client_id: config.clientId,
    redirect_uri: redirectUri(),
    scope: config.scope,
    audience: config.audience,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.codeVerifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Whether this URL is the issuer's answer to `startSignIn`. */
export function isSignInAnswer(url: URL): boolean {
  return url.searchParams.has('state') && (url.searchParams.has('code') || url.searchParams.has('error'));
}

/** Exchanges the issuer's answer for a session and returns where the visitor was. */
export async function finishSignIn(config: Config, url: URL): Promise<{ returnTo: string }> {
  const pending = read<PendingSignIn>(pendingKey);
  sessionStorage.removeItem(pendingKey);
  if (pending === null) throw new Error('This sign-in was not started in this tab. Please sign in again.');
  const server = await discover(config);
  const client: oauth.Client = { client_id: config.clientId };
  const parameters = oauth.validateAuthResponse(server, client, url, pending.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectUri(),
    pending.codeVerifier,
    insecureIfLoopback(config.issuer),
  );
  const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: pending.nonce,
    requireIdToken: true,
  });
  const claims = oauth.getValidatedIdTokenClaims(answer);
  const subject = claims?.sub ?? '';
  const label = [claims?.email, claims?.name, claims?.preferred_username].find(
    (value): value is string => typeof value === 'string' && value !== '',
  );
  const session: Session = {
    token: answer.access_token,
    subject,
    label: label ?? subject,
    expiresAt: Date.now() + (answer.expires_in ?? 3600) * 1000,
  };
  sessionStorage.setItem(sessionKey, JSON.stringify(session));
  return { returnTo: pending.returnTo };
}

function redirectUri(): string {
  return `${location.origin}/`;
}

async function discover(config: Config): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(config.issuer);
  const response = await oauth.discoveryRequest(issuer, insecureIfLoopback(config.issuer));
  return oauth.processDiscoveryResponse(issuer, response);
}

/** Plain HTTP is only for an issuer on this machine. */
function insecureIfLoopback(issuer: string): { [oauth.allowInsecureRequests]?: boolean } {
  const { protocol, hostname } = new URL(issuer);
  const loopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return protocol === 'http:' && loopback ? { [oauth.allowInsecureRequests]: true } : {};
}

function read<T>(key: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') as T | null;
  } catch {
    return null;
  }
}
