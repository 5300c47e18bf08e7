import type { KeyScope } from '../automation/keys/index.ts';
import { Problem } from './errors.ts';
import type { Principal } from './principal.ts';

/** Who may use a route, beside operators, who always may. The scoped stores decide which data a caller reaches. */
export interface Access {
  /** Any person who is signed in. */
  readonly people: boolean;
  /** API keys with this scope; null for none. */
  readonly keys: KeyScope | null;
}

/** Needs no token. */
export const anybody = null;

/** People who are signed in; no API keys. */
export const people: Access = { people: true, keys: null };

export const operatorsOnly: Access = { people: false, keys: null };

/** People who are signed in, and API keys with the scope. */
export const peopleAndKeys = (scope: KeyScope): Access => ({ people: true, keys: scope });

/** Operators, and API keys with the scope: for a product's own application. */
export const operatorsAndKeys = (scope: KeyScope): Access => ({ people: false, keys: scope });

/** Why the principal may not use a route with this access; null when it may. */
export function refusalOf({ people, keys }: Access, principal: Principal): Problem | null {
  switch (principal.kind) {
    case 'operator':
      return null;
    case 'person':
      return people ? null : new Problem('forbidden', 'This needs a token with the scope "operator".');
    case 'apiKey':
    case 'service':
      if (keys === null)
        return new Problem('forbidden', 'An API key cannot do this: sign in and send an access token.');
      return principal.scopes.has(keys)
        ? null
        : new Problem('forbidden', `This needs an API key with the scope "${keys}".`);
  }
}
