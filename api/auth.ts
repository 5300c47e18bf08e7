import type { MiddlewareHandler } from 'hono';
import {
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { type Role, roles } from '../automation/organizations/organizations.ts';
import type { Tenant } from '../automation/store/tenants.ts';
import { Problem } from './errors.ts';

/** Who is asking, as the token says. */
export interface Caller {
  readonly subject: string;
  readonly email: string | null;
  /** Operators see and retry every tenant; everybody else only what they own. */
  readonly isOperator: boolean;
  /** What the issuer says of the caller's organization: its name there, and the role in it where one is named. */
  readonly organization: { readonly claim: string; readonly role: Role | null } | null;
  /** The role in each organization of the caller, by its Stripe customer. */
  readonly customers: ReadonlyMap<string, Role>;
  /** The request is to change something. */
  readonly changes: boolean;
}

export interface AuthOptions {
  readonly issuer: string;
  readonly audience: string;
}

export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Asymmetric algorithms only: with these a public key can never be used as a shared secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'];

/**
 * Verifies bearer tokens against the published keys of the issuer that they name, which has to be one of those given.
 * An issuer is asked at its first token, and again when a key is unknown. People are known by `sub` alone, so several
 * issuers must never give one `sub` to two people; user pools of Cognito do not, theirs are random.
 * @param own the one whose rules tell what is wrong with a token of nobody's
 * @returns a function that throws `unauthenticated`, `forbidden`, or `unavailable` when keys cannot be had
 */
export function createAuthenticator(own: AuthOptions, ...alsoTrusted: readonly AuthOptions[]): Authenticate {
  const verifyOwn = tokenVerifier(own);
  const verifiers = new Map(alsoTrusted.map((options) => [options.issuer, tokenVerifier(options)]));
  verifiers.set(own.issuer, verifyOwn);

  return async (authorization) => {
    const token = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1];
    if (!token)
      throw new Problem('unauthenticated', 'Send an access token as "Authorization: Bearer <token>".');
    try {
      // Which keys to ask for; that the issuer really is this one its signature says.
      const verify = verifiers.get(decodeJwt(token).iss ?? '') ?? verifyOwn;
      return callerOf(await verify(token));
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new Problem('unauthenticated', describe(error));
      throw error;
    }
  };
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

/** A key that the issuer does not have is the token's fault; keys that cannot be had are not. */
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
      throw new Problem('unavailable', `The identity provider's keys cannot be had: ${String(cause)}`);
    }
  };
}

function callerOf(payload: JWTPayload): Caller {
  const scopes = typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
  const isOperator = scopes.includes('operator');
  if (!isOperator && !scopes.includes('tenant')) {
    throw new Problem('forbidden', 'The token needs the scope "tenant" or "operator".');
  }
  if (typeof payload.sub !== 'string' || payload.sub === '') {
    throw new Problem('unauthenticated', 'The access token\'s claim "sub" is wrong.');
  }
  const verified = payload.email_verified !== false;
  return {
    subject: payload.sub,
    email: verified && typeof payload.email === 'string' ? payload.email : null,
    isOperator,
    organization: organizationOf(payload),
    customers: new Map(),
    changes: false,
  };
}

/** As an identity provider may write it; a claim of any other form is none. */
const organizationPattern = /^[!-~]{1,200}$/;

/** Cognito writes claims of an application's own with a prefix. */
function organizationOf(payload: JWTPayload): Caller['organization'] {
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

export interface AuthVariables {
  caller: Caller;
}

/** Puts the caller on the request, or answers 401 or 403. */
export function requireCaller(authenticate: Authenticate): MiddlewareHandler<{ Variables: AuthVariables }> {
  return async (c, next) => {
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    c.set('caller', { ...(await authenticate(c.req.header('authorization'))), changes });
    c.header('cache-control', 'no-store');
    await next();
  };
}

/**
 * The tenant, if the caller may see it: who bought it, and the members of the organization that pays for it, of whom
 * viewers change nothing. Somebody else's tenant looks like none at all.
 */
export function visibleTo(caller: Caller, tenant: Tenant | null, id: string): Tenant {
  if (tenant && (caller.isOperator || tenant.owner === caller.subject)) return tenant;
  const role = tenant && caller.customers.get(tenant.desiredSpec.billingAccount ?? '');
  if (!tenant || !role) {
    throw new Problem('not_found', `There is no tenant ${JSON.stringify(id.slice(0, 64))}.`);
  }
  if (caller.changes && role !== 'admin')
    throw new Problem(
      'forbidden',
      'This changes the tenant, which needs the role admin in its organization.',
    );
  return tenant;
}

/** For an entry's data: who asked. Which operator it was only operators read. */
export function askedBy({ subject, isOperator }: Caller): Readonly<Record<string, string>> {
  return isOperator ? { operator: subject } : { by: subject };
}

/** @throws Problem `forbidden` unless the caller is an operator */
export function assertOperator(caller: Caller): void {
  if (!caller.isOperator) throw new Problem('forbidden', 'This needs a token with the scope "operator".');
}
