import {
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { ApiKey, KeyRing } from '../automation/keys/index.ts';
import { roles } from '../automation/organizations/index.ts';
import type { Queryable } from '../automation/store/database.ts';
import { Problem } from './errors.ts';
import type { OperatorPrincipal, PersonPrincipal, Principal } from './principal.ts';
import { customersOf } from './scoped/organizations.ts';

export interface AuthOptions {
  readonly issuer: string;
  readonly audience: string;
}

/** Finds the principal of an `Authorization` header. @throws Problem `unauthenticated`, `forbidden` or `unavailable` */
export type Authenticate = (authorization: string | undefined) => Promise<Principal>;

/** Only asymmetric algorithms, so that a public key can never pass as a shared secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'];

/**
 * Verifies bearer tokens with the published keys of the issuer that they name, which must be one of the given ones. Fetches
 * an issuer's keys at its first token, and again when a key is unknown. A person's `sub` alone identifies them, so two
 * issuers must never give the same `sub` to different people. Cognito user pools do not, because theirs are random.
 * @param own also judges tokens of unknown issuers
 * @returns a function that throws `unauthenticated`, `forbidden`, or `unavailable` when keys are not available
 */
export function createAuthenticator(
  own: AuthOptions,
  ...alsoTrusted: readonly AuthOptions[]
): (authorization: string | undefined) => Promise<PersonPrincipal | OperatorPrincipal> {
  const verifyOwn = tokenVerifier(own);
  const verifiers = new Map(alsoTrusted.map((options) => [options.issuer, tokenVerifier(options)]));
  verifiers.set(own.issuer, verifyOwn);

  return async (authorization) => {
    const token = bearerOf(authorization);
    try {
      // The unverified issuer only decides which keys to fetch; the signature proves it.
      const verify = verifiers.get(decodeJwt(token).iss ?? '') ?? verifyOwn;
      return principalOf(await verify(token));
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new Problem('unauthenticated', describe(error));
      throw error;
    }
  };
}

/** @throws Problem `unauthenticated` when there is none */
function bearerOf(authorization: string | undefined): string {
  const token = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1];
  if (!token)
    throw new Problem(
      'unauthenticated',
      'Send an access token or an API key as "Authorization: Bearer <token>".',
    );
  return token;
}

export interface PrincipalSources {
  readonly tokens: ReturnType<typeof createAuthenticator>;
  readonly keys: Pick<KeyRing, 'verify'>;
  readonly database: Queryable;
}

/** Accepts access tokens and API keys, and looks up people's roles in their organizations. */
export function createPrincipals({ tokens, keys, database }: PrincipalSources): Authenticate {
  return async (authorization) => {
    const presented = bearerOf(authorization);
    if (presented.startsWith('tk_')) {
      const verdict = await keys.verify(presented);
      if (verdict.valid) return principalOfKey(database, verdict.key);
      throw new Problem(
        'unauthenticated',
        verdict.why === 'expired' ? 'The API key has expired.' : 'The API key is not valid.',
      );
    }
    const principal = await tokens(authorization);
    if (principal.kind === 'operator') return principal;
    return { ...principal, customers: await customersOf(database, principal) };
  };
}

/**
 * A person's key has the person's present memberships. Claims of an organization and a role in a token do not count for it:
 * they end with the token, which the key would outlive.
 */
async function principalOfKey(
  db: Queryable,
  { id: keyId, owner, scopes: named, expiresAt: validUntil }: ApiKey,
): Promise<Principal> {
  const scopes = new Set(named);
  switch (owner.kind) {
    case 'person': {
      const { kind, subject } = owner;
      const customers = await customersOf(db, { subject, email: null, organization: null });
      return { kind: 'apiKey', keyId, scopes, validUntil, owner: { kind, subject, customers } };
    }
    case 'tenant':
      return { kind: 'apiKey', keyId, scopes, validUntil, owner };
    case 'service':
      return { kind: 'service', keyId, scopes, validUntil, product: owner.product };
  }
}

function tokenVerifier({ issuer, audience }: AuthOptions): (token: string) => Promise<JWTPayload> {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  const discoverKeys = async () => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    const { jwks_uri: jwksUri } = (await answer.json()) as { jwks_uri?: unknown };
    if (typeof jwksUri !== 'string') throw new Error(`${url} names no jwks_uri`);
    return createRemoteJWKSet(new URL(jwksUri));
  };
  return async (token) => {
    keys ??= discoverKeys();
    const keySet = await keys.catch((cause: unknown) => {
      keys = undefined;
      throw new Problem('unavailable', `The identity provider cannot be reached: ${String(cause)}`);
    });
    const { payload } = await jwtVerify(token, orUnavailable(keySet), {
      issuer,
      audience,
      algorithms,
      requiredClaims: ['sub', 'exp'],
    });
    return payload;
  };
}

/** Distinguishes keys that cannot be fetched (`unavailable`) from a key that the issuer does not have. */
function orUnavailable(keySet: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (...asked) => {
    try {
      return await keySet(...asked);
    } catch (cause) {
      if (
        cause instanceof errors.JWKSNoMatchingKey ||
        cause instanceof errors.JWKSMultipleMatchingKeys ||
        cause instanceof errors.JOSENotSupported
      ) {
        throw cause;
      }
      throw new Problem('unavailable', `The identity provider's keys cannot be fetched: ${String(cause)}`);
    }
  };
}

function principalOf(payload: JWTPayload): PersonPrincipal | OperatorPrincipal {
  const scopes = typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
  const isOperator = scopes.includes('operator');
  if (!isOperator && !scopes.includes('tenant')) {
    throw new Problem('forbidden', 'The token needs the scope "tenant" or "operator".');
  }
  if (typeof payload.sub !== 'string' || payload.sub === '') {
    throw new Problem('unauthenticated', 'The access token\'s claim "sub" is wrong.');
  }
  const verified = payload.email_verified !== false;
  const person = {
    subject: payload.sub,
    email: verified && typeof payload.email === 'string' ? payload.email : null,
    organization: organizationOf(payload),
    // Required of every token.
    validUntil: new Date((payload.exp ?? 0) * 1000),
  };
  return isOperator ? { kind: 'operator', ...person } : { kind: 'person', ...person, customers: new Map() };
}

/** A claim of any other form is ignored. */
const organizationPattern = /^[!-~]{1,200}$/;

/** Cognito prefixes custom claims. */
function organizationOf(payload: JWTPayload): PersonPrincipal['organization'] {
  const claim = payload.organization ?? payload['custom:organization'];
  if (typeof claim !== 'string' || !organizationPattern.test(claim)) return null;
  const named = payload.role ?? payload['custom:role'];
  return { claim, role: roles.find((role) => role === named) ?? null };
}

function describe(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The access token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `The access token's claim "${error.claim}" is wrong.`;
  return 'The access token is not valid.';
}
