import type { KeyScope } from '../automation/keys/index.ts';
import type { Person, Role } from '../automation/organizations/index.ts';
import type { Audience } from '../automation/store/audit.ts';
import { Problem } from './errors.ts';

interface Presented {
  /** Until when what the request presents counts; null for a key that does not expire. */
  readonly validUntil: Date | null;
}

/** Who makes a request. Another way to sign in adds a kind here, and the compiler names every place that must know it. */
export type Principal = PersonPrincipal | OperatorPrincipal | ApiKeyPrincipal | ServicePrincipal;

interface SignedIn extends Person, Presented {
  /** What the issuer says about the person's organization: its name there, and the person's role if it names one. */
  readonly organization: { readonly claim: string; readonly role: Role | null } | null;
}

/** A person with a token: sees their own tenants and those that their organizations pay for. */
export interface PersonPrincipal extends SignedIn {
  readonly kind: 'person';
  /** The person's role in each of their organizations, by its Stripe customer. */
  readonly customers: ReadonlyMap<string, Role>;
}

/** A person whose token has the scope `operator`: sees and changes everything. */
export interface OperatorPrincipal extends SignedIn {
  readonly kind: 'operator';
}

/** A key of a person or of one tenant: reaches what its owner reaches, within its scopes. */
export interface ApiKeyPrincipal extends Presented {
  readonly kind: 'apiKey';
  readonly keyId: string;
  readonly scopes: ReadonlySet<KeyScope>;
  readonly owner:
    | { readonly kind: 'person'; readonly subject: string; readonly customers: ReadonlyMap<string, Role> }
    | { readonly kind: 'tenant'; readonly tenantId: string };
}

/** A key that operators made for a product's own application: reaches every tenant of the product, or of all products. */
export interface ServicePrincipal extends Presented {
  readonly kind: 'service';
  readonly keyId: string;
  readonly scopes: ReadonlySet<KeyScope>;
  /** Null for all of them. */
  readonly product: string | null;
}

export function isOperator(principal: Principal): boolean {
  return principal.kind === 'operator';
}

/**
 * Identifies the principal, for limits and records of requests.
 */
export function principalId(principal: Principal): string {
  switch (principal.kind) {
    case 'person':
    case 'operator':
      return `${principal.kind}:${principal.subject}`;
    case 'apiKey':
    case 'service':
      return `key:${principal.keyId}`;
  }
}

/** The actor for columns with a single name: a person's subject, or `key:<id>`. */
export function actorOf(principal: Principal): string {
  return 'subject' in principal ? principal.subject : principalId(principal);
}

/** The actor as the subject of a sentence about a tenant. */
export function actorName(principal: Principal): string {
  switch (principal.kind) {
    case 'person':
      return 'The owner';
    case 'operator':
      return 'An operator';
    case 'apiKey':
    case 'service':
      return 'An API key';
  }
}

/** Who asked, for an audit entry's data. Only operators see which operator it was. */
export function askedBy(principal: Principal): Readonly<Record<string, string>> {
  switch (principal.kind) {
    case 'person':
      return { by: principal.subject };
    case 'operator':
      return { operator: principal.subject };
    case 'apiKey':
    case 'service':
      return { key: principal.keyId };
  }
}

/** Which entries of an audit trail the principal may read. */
export function audienceOf(principal: Principal): Audience {
  return principal.kind === 'operator' ? 'operator' : 'tenant';
}

/** The person who is signed in. @throws Problem `forbidden` for a key */
export function signedIn(principal: Principal): PersonPrincipal | OperatorPrincipal {
  if (principal.kind === 'person' || principal.kind === 'operator') return principal;
  throw new Problem('forbidden', 'An API key cannot do this: sign in and send an access token.');
}

/** @throws Problem `forbidden` unless the principal is an operator */
export function assertOperator(principal: Principal): void {
  if (principal.kind !== 'operator')
    throw new Problem('forbidden', 'This needs a token with the scope "operator".');
}
