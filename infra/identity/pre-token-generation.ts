/**
 * Lambda trigger of the user pool: puts the claims that the API reads into every token.
 *
 * Lambda runs it as it stands here, without types: it imports nothing.
 */

/** What Cognito sends (trigger version V2_0), as far as this function reads it. */
export interface PreTokenGenerationEvent {
  readonly callerContext: { readonly clientId: string };
  readonly request: {
    readonly userAttributes: Readonly<Record<string, string | undefined>>;
    readonly groupConfiguration?: { readonly groupsToOverride?: readonly string[] | null } | null;
  };
}

/** What Cognito reads in the answer. */
export interface TokenClaims {
  readonly idTokenGeneration: {
    readonly claimsToAddOrOverride: Readonly<Record<string, string>>;
    readonly claimsToSuppress: readonly string[];
  };
  readonly accessTokenGeneration: {
    readonly claimsToAddOrOverride: Readonly<Record<string, string | boolean>>;
    readonly scopesToAdd: readonly string[];
  };
}

/** Members of this group of the pool see and retry every tenant. */
const operatorsGroup = 'operators';
const roles = ['admin', 'viewer'];
const organizationAttribute = 'custom:organization_id';
const roleAttribute = 'custom:role';
const organizationId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * The claims of a user's tokens. Only the attributes of the pool decide, which users cannot write themselves.
 *
 * - `organization_id` and `role` (`admin` or `viewer`): present together, or not at all. A role that is none is
 *   `viewer`.
 * - `aud` of access tokens, which Cognito leaves out: it takes the id of the client and nothing else.
 * - `email` and `email_verified` of access tokens, so that the API knows who asks.
 * - scope `tenant`, and `operator` for members of the group.
 */
export function tokenClaims(event: PreTokenGenerationEvent): TokenClaims {
  const { userAttributes, groupConfiguration } = event.request;
  const membership = organizationOf(userAttributes);
  const groups = groupConfiguration?.groupsToOverride ?? [];
  const { email } = userAttributes;
  return {
    idTokenGeneration: {
      claimsToAddOrOverride: membership,
      claimsToSuppress: [organizationAttribute, roleAttribute],
    },
    accessTokenGeneration: {
      claimsToAddOrOverride: {
        ...membership,
        aud: event.callerContext.clientId,
        ...(email !== undefined && { email, email_verified: userAttributes.email_verified === 'true' }),
      },
      scopesToAdd: groups.includes(operatorsGroup) ? ['tenant', 'operator'] : ['tenant'],
    },
  };
}

function organizationOf(
  attributes: PreTokenGenerationEvent['request']['userAttributes'],
): Record<string, string> {
  const id = attributes[organizationAttribute];
  if (id === undefined || !organizationId.test(id)) return {};
  const role = attributes[roleAttribute] ?? '';
  return { organization_id: id, role: roles.includes(role) ? role : 'viewer' };
}

/** Entry of the function. */
export async function handler<Event extends PreTokenGenerationEvent>(event: Event) {
  return { ...event, response: { claimsAndScopeOverrideDetails: tokenClaims(event) } };
}
