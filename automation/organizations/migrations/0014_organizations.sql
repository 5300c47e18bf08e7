-- Up Migration

-- Who pays: a company, or a person for themself. Every subscription of an organization is on its one Stripe customer, so
-- whose a subscription is follows from its customer.
create table tenantry.organization (
  id text primary key check (id ~ '^org_[a-z0-9]{16}$'),
  name text not null check (length(name) between 1 and 200),
  slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{0,62}$'),
  -- What the identity provider calls it in a token's claim; null for what no token may claim.
  claim text unique,
  -- Subject of the person whose own it is.
  personal_of text unique,
  billing_email text,
  customer_id text unique,
  -- How many of its customers Stripe has deleted: the key under which the next one is asked for depends on it.
  customers_lost int not null default 0,
  created_at timestamptz not null default now(),
  check (claim is null or personal_of is null)
);

create table tenantry.organization_member (
  id bigint generated always as identity primary key,
  organization_id text not null references tenantry.organization on delete cascade,
  -- Lower case. Invited by it; the subject is known once they have signed in.
  email text check (email = lower(email)),
  subject text,
  role text not null check (role in ('admin', 'viewer')),
  created_at timestamptz not null default now(),
  check (email is not null or subject is not null)
);
create unique index organization_member_email on tenantry.organization_member (organization_id, email);
create unique index organization_member_subject on tenantry.organization_member (organization_id, subject);
create index organization_member_person on tenantry.organization_member (subject);
create index organization_member_invited on tenantry.organization_member (email) where subject is null;

create index subscription_customer on tenantry.subscription (customer_id);
create index subscription_owner on tenantry.subscription (owner);
