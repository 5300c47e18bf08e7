import {
  bindMember,
  ensureClaimedOrganization,
  ensurePersonalOrganization,
  findOrganization,
  findPersonalOrganization,
  listOrganizationsOf,
  type Organization,
  type Role,
} from '../../automation/organizations/index.ts';
import type { Queryable } from '../../automation/store/database.ts';
import { Problem } from '../errors.ts';
import { type OperatorPrincipal, type PersonPrincipal, type Principal, signedIn } from '../principal.ts';

/** An organization and what the principal may do there. */
export interface Standing {
  readonly organization: Organization;
  readonly role: Role;
}

/** The organizations of one principal. Each function throws `forbidden` for an API key. */
export interface ScopedOrganizations {
  /** Every organization of the person: the one that their token names, those they are a member of, and their own. */
  list(): Promise<Standing[]>;
  /** @throws Problem `not_found`, also for somebody else's */
  find(id: string): Promise<Standing>;
  /** The principal's role in an organization; null when they have none. */
  roleIn(organization: Pick<Organization, 'id'>): Promise<Role | null>;
  /** The organization that the token names, or else the person's own; null when it does not exist yet. */
  own(): Promise<Organization | null>;
  /**
   * The organization that pays for the person's purchases; makes it if it does not exist yet.
   * @param asked the id of one of the person's organizations; defaults to the token's, or else the person's own
   * @throws Problem `not_found` for somebody else's organization, `forbidden` where the person may only read
   */
  paying(asked: string | undefined): Promise<Organization>;
}

export function scopedOrganizations(db: Queryable, principal: Principal): ScopedOrganizations {
  const list = () => standingsOf(db, signedIn(principal));

  const roleIn = async ({ id }: Pick<Organization, 'id'>): Promise<Role | null> => {
    if (signedIn(principal).kind === 'operator') return 'admin';
    return (await list()).find(({ organization }) => organization.id === id)?.role ?? null;
  };

  const find = async (id: string): Promise<Standing> => {
    const organization = await findOrganization(db, { id });
    const role = organization && (await roleIn(organization));
    if (!organization || !role)
      throw new Problem('not_found', `organization: there is no organization ${JSON.stringify(id)}.`, [
        { field: 'organization', message: 'does not exist' },
      ]);
    return { organization, role };
  };

  return {
    list,
    find,
    roleIn,
    own: async () => {
      const { organization, subject } = signedIn(principal);
      return organization
        ? findOrganization(db, { claim: organization.claim })
        : findPersonalOrganization(db, subject);
    },
    paying: async (asked) => {
      const person = signedIn(principal);
      if (asked !== undefined) {
        const { organization, role } = await find(asked);
        assertAdmin(role, organization);
        await bindMember(db, person);
        return organization;
      }
      const { organization: claimed } = person;
      if (claimed === null) return ensurePersonalOrganization(db, person);
      const known = await findOrganization(db, { claim: claimed.claim });
      const role = known ? await roleIn(known) : (claimed.role ?? 'viewer');
      assertAdmin(role, known ?? { name: claimed.claim });
      return known ?? ensureClaimedOrganization(db, claimed.claim);
    },
  };
}

/**
 * The organizations of a person. The role in the token takes precedence over the membership's; without either the person
 * is a viewer.
 */
async function standingsOf(
  db: Queryable,
  person: Pick<PersonPrincipal | OperatorPrincipal, 'subject' | 'email' | 'organization'>,
): Promise<Standing[]> {
  const [rows, claimed] = await Promise.all([
    listOrganizationsOf(db, person),
    person.organization && findOrganization(db, { claim: person.organization.claim }),
  ]);
  const standings = rows.map(({ role, ...organization }) => ({ organization, role }));
  if (!claimed) return standings;
  const member = standings.find(({ organization }) => organization.id === claimed.id);
  const role = person.organization?.role ?? member?.role ?? 'viewer';
  return [{ organization: claimed, role }, ...standings.filter((standing) => standing !== member)];
}

/** The person's role in each of their organizations, by its Stripe customer. */
export async function customersOf(
  db: Queryable,
  person: Pick<PersonPrincipal, 'subject' | 'email' | 'organization'>,
): Promise<ReadonlyMap<string, Role>> {
  const standings = await standingsOf(db, person);
  return new Map(
    standings.flatMap(({ organization: { customerId }, role }) =>
      customerId === null ? [] : [[customerId, role] as const],
    ),
  );
}

/** @throws Problem `forbidden` unless the role is admin */
export function assertAdmin(role: Role | null, { name }: Pick<Organization, 'name'>): void {
  if (role !== 'admin')
    throw new Problem('forbidden', `This changes what ${name} pays for, which needs the role admin there.`);
}
