-- Up Migration

-- A key is `tk_<id>_<secret>`. Whoever reads this table can use none of them: the secret is 32 random bytes, and only its
-- digest is here.
create table tenantry.api_key (
  id text primary key check (id ~ '^[a-z0-9]{12}$'),
  secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
  name text not null check (length(name) between 1 and 100),
  owner_kind text not null check (owner_kind in ('person', 'tenant', 'service')),
  -- The person whose key it is.
  subject text,
  -- The one tenant that the key reaches; its end takes the key with it.
  tenant_id text references tenantry.tenant on delete cascade,
  -- The one product whose tenants a service's key reaches; null for all products.
  product text,
  scopes text[] not null check (cardinality(scopes) > 0),
  -- Who made it; null for the control plane itself.
  created_by text,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  check ((owner_kind = 'person') = (subject is not null)),
  check ((owner_kind = 'tenant') = (tenant_id is not null)),
  check (owner_kind = 'service' or product is null)
);
create index api_key_subject on tenantry.api_key (subject) where subject is not null;
create index api_key_tenant on tenantry.api_key (tenant_id) where tenant_id is not null;
