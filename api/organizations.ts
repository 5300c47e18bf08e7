import {
  bindMember,
  ensureClaimedOrganization,
  ensurePersonalOrganization,
  findOrganization,
  findPersonalOrganization,
  listOrganizationsOf,
  type Organization,
  type Role,
} from '../automation/organizations/organizations.ts';
import type { Queryable } from '../automation/store/database.ts';
import type { Authenticate, Caller } from './auth.ts';
import { Problem } from './errors.ts';

/** An organization and what the caller may do there. */
export interface Standing {
  readonly organization: Organization;
  readonly role: Role;
}

/**
 * Every organization of the caller: the one their token names, those they are a member of, and their own. A role in the
 * token is the issuer's word and goes before that of the membership; who has neither reads.
 */
export async function standingsOf(db: Queryable, caller: Caller): Promise<Standing[]> {
  const [rows, claimed] = await Promise.all([
    listOrganizationsOf(db, caller),
    caller.organization && findOrganization(db, { claim: caller.organization.claim }),
  ]);
  const standings = rows.map(({ role, ...organization }) => ({ organization, role }));
  if (!claimed) return standings;
  const member = standings.find(({ organization }) => organization.id === claimed.id);
  const role = caller.organization?.role ?? member?.role ?? 'viewer';
  return [{ organization: claimed, role }, ...standings.filter((standing) => standing !== member)];
}

/** Has the callers that `authenticate` finds know what they may do in which organization. */
export function withOrganizations(authenticate: Authenticate, db: Queryable): Authenticate {
  return async (authorization) => {
    const caller = await authenticate(authorization);
    if (caller.isOperator) return caller;
    const standings = await standingsOf(db, caller);
    const customers = standings.flatMap(({ organization: { customerId }, role }) =>
      customerId === null ? [] : [[customerId, role] as const],
    );
    return { ...caller, customers: new Map(customers) };
  };
}

/** What the caller may do in an organization; null when they have nothing to do with it. */
export async function roleIn(
  db: Queryable,
  caller: Caller,
  organization: Organization,
): Promise<Role | null> {
  if (caller.isOperator) return 'admin';
  const standings = await standingsOf(db, caller);
  return standings.find((standing) => standing.organization.id === organization.id)?.role ?? null;
}

/**
 * The organization that pays for what the caller buys, made when it is not there yet.
 * @param asked id of one of the caller's organizations; else the token's, else the caller's own
 * @throws Problem `not_found` for somebody else's organization, `forbidden` where the caller only reads
 */
export async function payingOrganization(
  db: Queryable,
  caller: Caller,
  asked: string | undefined,
): Promise<Organization> {
  if (asked !== undefined) {
    const organization = await visibleOrganization(db, caller, asked);
    assertAdmin(await roleIn(db, caller, organization), organization);
    await bindMember(db, caller);
    return organization;
  }
  const { organization: claimed } = caller;
  if (claimed === null) return ensurePersonalOrganization(db, caller);
  const known = await findOrganization(db, { claim: claimed.claim });
  const role = known ? await roleIn(db, caller, known) : (claimed.role ?? 'viewer');
  assertAdmin(role, known ?? { name: claimed.claim });
  return known ?? ensureClaimedOrganization(db, claimed.claim);
}

/** The organization that the token names, else the caller's own; null when it is not there yet. */
export async function readableOrganization(db: Queryable, caller: Caller): Promise<Organization | null> {
  return caller.organization
    ? findOrganization(db, { claim: caller.organization.claim })
    : findPersonalOrganization(db, caller.subject);
}

/** @throws Problem `not_found` when there is none, or it is somebody else's */
export async function visibleOrganization(db: Queryable, caller: Caller, id: string): Promise<Organization> {
  const organization = await findOrganization(db, { id });
  if (!organization || (await roleIn(db, caller, organization)) === null) {
    throw new Problem('not_found', `organization: there is no organization ${JSON.stringify(id)}.`, [
      { field: 'organization', message: 'does not exist' },
    ]);
  }
  return organization;
}

/** @throws Problem `forbidden` unless the role is admin */
export function assertAdmin(role: Role | null, { name }: Pick<Organization, 'name'>): void {
  if (role !== 'admin')
    throw new Problem('forbidden', `This changes what ${name} pays for, which needs the role admin there.`);
}
