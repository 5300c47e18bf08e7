import { randomInt } from 'node:crypto';
import { firstRow, onlyRow, type Queryable, storable } from '../store/database.ts';

/** Who pays for tenants: a company, or a single person. */
export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  /** Its name in the claim `organization` of tokens; null when no token may name it. */
  readonly claim: string | null;
  /** The subject of its only person; null for an organization of several people. */
  readonly personalOf: string | null;
  readonly billingEmail: string | null;
  /** Null until `ensureCustomer` has made it. */
  readonly customerId: string | null;
  /** How many of its customers have been deleted at Stripe. */
  readonly customersLost: number;
  readonly createdAt: Date;
}

/** An admin may change subscriptions; a viewer may only read. */
export const roles = ['admin', 'viewer'] as const;
export type Role = (typeof roles)[number];

export interface Member {
  readonly id: number;
  readonly organizationId: string;
  /** In lower case. */
  readonly email: string | null;
  /** Null until the member has signed in. */
  readonly subject: string | null;
  readonly role: Role;
  readonly createdAt: Date;
}

/** A person as their token names them, with the e-mail address only if it is verified. */
export interface Person {
  readonly subject: string;
  readonly email: string | null;
}

export interface NewOrganization {
  readonly name: string;
  readonly slug: string;
  /** Defaults to the slug; null when no token may name it. */
  readonly claim?: string | null;
  readonly billingEmail?: string | null;
}

const columns = `o.id, o.name, o.slug, o.claim, o.personal_of as "personalOf", o.billing_email as "billingEmail",
  o.customer_id as "customerId", o.customers_lost as "customersLost", o.created_at as "createdAt"`;

const memberColumns = `id, organization_id as "organizationId", email, subject, role, created_at as "createdAt"`;

const slugForm = /^[a-z][a-z0-9-]{0,62}$/;
const idLetters = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function newOrganizationId(): string {
  return `org_${Array.from({ length: 16 }, () => idLetters[randomInt(idLetters.length)]).join('')}`;
}

/** Finds an organization by id, slug, Stripe customer or claim. */
export async function findOrganization(
  db: Queryable,
  by:
    | { readonly id: string }
    | { readonly slug: string }
    | { readonly claim: string }
    | { readonly customerId: string },
): Promise<Organization | null> {
  const [column, value] =
    'id' in by
      ? ['id', by.id]
      : 'slug' in by
        ? ['slug', by.slug]
        : 'claim' in by
          ? ['claim', by.claim]
          : ['customer_id', by.customerId];
  return firstRow(
    await db.query<Organization>(`select ${columns} from tenantry.organization o where ${column} = $1`, [
      storable(value),
    ]),
  );
}

/** Inserts an organization; null when its slug or claim is taken. */
export async function insertOrganization(
  db: Queryable,
  { name, slug, claim = slug, billingEmail = null }: NewOrganization,
): Promise<Organization | null> {
  return firstRow(
    await db.query<Organization>(
      `insert into tenantry.organization as o (id, name, slug, claim, billing_email) values ($1, $2, $3, $4, $5)
       on conflict do nothing returning ${columns}`,
      [newOrganizationId(), storable(name), slug, claim, billingEmail],
    ),
  );
}

/** Finds or makes the organization that a token names: the issuer vouches for it. */
export async function ensureClaimedOrganization(db: Queryable, claim: string): Promise<Organization> {
  const known = await findOrganization(db, { claim });
  if (known) return known;
  if (slugForm.test(claim)) await insertOrganization(db, { name: claim, slug: claim, claim });
  const id = newOrganizationId();
  // Its slug may be taken. A row that another process inserted meanwhile is as good.
  await db.query(
    `insert into tenantry.organization (id, name, slug, claim) values ($1, $2, $3, $2) on conflict do nothing`,
    [id, claim, id.replace('_', '-')],
  );
  const made = await findOrganization(db, { claim });
  if (!made) throw new Error('an organization that was just made does not exist');
  return made;
}

/**
 * Finds or makes a person's own organization. A new one gets the customer that the person has already paid with, if there is
 * one.
 */
export async function ensurePersonalOrganization(
  db: Queryable,
  { subject, email }: Person,
): Promise<Organization> {
  const known = await findPersonalOrganization(db, subject);
  if (known) return known;
  const id = newOrganizationId();
  await db.query(
    `insert into tenantry.organization (id, name, slug, personal_of, billing_email, customer_id)
     values ($1, $2, $3, $4, $5, (
       select s.customer_id from tenantry.subscription s
       where s.owner = $4 and s.customer_id is not null
         and not exists (select from tenantry.organization taken where taken.customer_id = s.customer_id)
       order by s.created_at desc limit 1))
     on conflict (personal_of) do nothing`,
    [id, (email ?? subject).slice(0, 200), id.replace('_', '-'), subject, email],
  );
  const made = await findPersonalOrganization(db, subject);
  if (!made) throw new Error('a personal organization that was just made does not exist');
  return made;
}

export async function findPersonalOrganization(db: Queryable, subject: string): Promise<Organization | null> {
  return firstRow(
    await db.query<Organization>(`select ${columns} from tenantry.organization o where personal_of = $1`, [
      storable(subject),
    ]),
  );
}

/** Lists a person's own organization and those they are a member of, with their roles. */
export async function listOrganizationsOf(
  db: Queryable,
  { subject, email }: Person,
): Promise<(Organization & { readonly role: Role })[]> {
  const result = await db.query<Organization & { role: Role }>(
    `select ${columns}, 'admin' as role from tenantry.organization o where o.personal_of = $1
     union all
     select ${columns}, m.role from tenantry.organization_member m join tenantry.organization o on o.id = m.organization_id
     where m.subject = $1 or (m.subject is null and m.email = lower($2))
     order by "createdAt", id`,
    [storable(subject), email === null ? null : storable(email)],
  );
  return result.rows;
}

/**
 * Adds a member or changes their role. Recognises them by a known subject, or else by e-mail address.
 * @param person.email compared and stored in lower case
 */
export async function putMember(
  db: Queryable,
  organizationId: string,
  person: { readonly email: string | null; readonly subject?: string | null },
  role: Role,
): Promise<Member> {
  const email = person.email === null ? null : storable(person.email).toLowerCase();
  const subject = person.subject == null ? null : storable(person.subject);
  const known = firstRow(
    await db.query<Member>(
      `update tenantry.organization_member set role = $4
       where organization_id = $1 and (subject = $2 or email = $3) returning ${memberColumns}`,
      [organizationId, subject, email, role],
    ),
  );
  if (known) return known;
  return onlyRow(
    await db.query<Member>(
      `insert into tenantry.organization_member (organization_id, email, subject, role) values ($1, $2, $3, $4)
       on conflict (organization_id, email) do update set role = excluded.role returning ${memberColumns}`,
      [organizationId, email, subject, role],
    ),
  );
}

/** Binds an invited e-mail address to a subject: from then on only that subject is the member. */
export async function bindMember(db: Queryable, { subject, email }: Person): Promise<void> {
  if (email === null) return;
  await db.query(
    `update tenantry.organization_member m set subject = $1 where subject is null and email = lower($2)
       and not exists (select from tenantry.organization_member other
         where other.organization_id = m.organization_id and other.subject = $1)`,
    [storable(subject), storable(email)],
  );
}

/** Removes a member; false when there is none. */
export async function removeMember(
  db: Queryable,
  organizationId: string,
  memberId: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'delete from tenantry.organization_member where organization_id = $1 and id = $2',
    [organizationId, memberId],
  );
  return rowCount === 1;
}

export async function listMembers(db: Queryable, organizationId: string): Promise<Member[]> {
  const result = await db.query<Member>(
    `select ${memberColumns} from tenantry.organization_member where organization_id = $1 order by id`,
    [organizationId],
  );
  return result.rows;
}

/** Gives the organization a customer unless it has one; returns the customer that it has then. */
export async function assignCustomer(
  db: Queryable,
  organizationId: string,
  customerId: string,
): Promise<string> {
  const row = onlyRow(
    await db.query<{ customerId: string }>(
      `update tenantry.organization set customer_id = coalesce(customer_id, $2) where id = $1
       returning customer_id as "customerId"`,
      [organizationId, customerId],
    ),
  );
  return row.customerId;
}

/** Forgets a customer that was deleted at Stripe. The organization gets another when it next needs one. */
export async function forgetCustomer(db: Queryable, customerId: string): Promise<void> {
  await db.query(
    `update tenantry.organization set customer_id = null, customers_lost = customers_lost + 1 where customer_id = $1`,
    [customerId],
  );
}
