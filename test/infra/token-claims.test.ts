import { describe, expect, test } from 'vitest';
import {
  handler,
  type PreTokenGenerationEvent,
  tokenClaims,
} from '../../infra/identity/pre-token-generation.ts';

function event(
  userAttributes: Record<string, string>,
  groups?: readonly string[] | null,
): PreTokenGenerationEvent & { readonly version: string } {
  return {
    version: '2',
    callerContext: { clientId: 'client-1' },
    request: {
      userAttributes: { sub: 'u-1', email: 'ada@example.com', email_verified: 'true', ...userAttributes },
      ...(groups !== undefined && { groupConfiguration: { groupsToOverride: groups } }),
    },
  };
}

const member = { 'custom:organization_id': 'org_42', 'custom:role': 'admin' };

describe('claims of a token', () => {
  test('name the organization and the role, in both tokens', () => {
    const claims = tokenClaims(event(member));
    const expected = { organization_id: 'org_42', role: 'admin' };
    expect(claims.idTokenGeneration.claimsToAddOrOverride).toEqual(expected);
    expect(claims.accessTokenGeneration.claimsToAddOrOverride).toMatchObject(expected);
    expect(claims.idTokenGeneration.claimsToSuppress).toEqual(['custom:organization_id', 'custom:role']);
  });

  test.each([
    { what: 'no role', attributes: { 'custom:organization_id': 'org_42' } },
    { what: 'an unknown role', attributes: { ...member, 'custom:role': 'owner' } },
    { what: 'a role in capitals', attributes: { ...member, 'custom:role': 'ADMIN' } },
  ])('make a viewer of a member with $what', ({ attributes }) => {
    expect(tokenClaims(event(attributes)).idTokenGeneration.claimsToAddOrOverride.role).toBe('viewer');
  });

  test.each([
    { what: 'nothing', attributes: {} },
    { what: 'a role alone', attributes: { 'custom:role': 'admin' } },
    { what: 'an empty organization', attributes: { ...member, 'custom:organization_id': '' } },
    { what: 'an organization with a space', attributes: { ...member, 'custom:organization_id': 'a b' } },
    { what: 'an organization too long', attributes: { ...member, 'custom:organization_id': 'a'.repeat(65) } },
  ])('name neither organization nor role for a user with $what', ({ attributes }) => {
    const { claimsToAddOrOverride } = tokenClaims(event(attributes)).accessTokenGeneration;
    expect(claimsToAddOrOverride).not.toHaveProperty('organization_id');
    expect(claimsToAddOrOverride).not.toHaveProperty('role');
  });

  test.each([
    { who: 'a user without groups', groups: undefined, scopes: ['tenant'] },
    { who: 'a user whose groups are null', groups: null, scopes: ['tenant'] },
    { who: 'a member of another group', groups: ['people'], scopes: ['tenant'] },
    { who: 'an operator', groups: ['people', 'operators'], scopes: ['tenant', 'operator'] },
  ])('give $who the scopes $scopes', ({ groups, scopes }) => {
    expect(tokenClaims(event({}, groups)).accessTokenGeneration.scopesToAdd).toEqual(scopes);
  });

  test('tell the API whom the token is for and whose it is', () => {
    expect(tokenClaims(event({})).accessTokenGeneration.claimsToAddOrOverride).toEqual({
      aud: 'client-1',
      email: 'ada@example.com',
      email_verified: true,
    });
    expect(
      tokenClaims(event({ email_verified: 'false' })).accessTokenGeneration.claimsToAddOrOverride,
    ).toMatchObject({ email_verified: false });
  });

  test('are in the answer where Cognito looks for them, beside what it sent', async () => {
    const sent = event(member);
    expect(await handler(sent)).toEqual({
      ...sent,
      response: { claimsAndScopeOverrideDetails: tokenClaims(sent) },
    });
  });
});
