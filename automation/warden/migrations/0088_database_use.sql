-- Up Migration

-- How much disk each place of a tenant takes on the servers of tenants' databases, as it was last measured.
create table tenantry.database_use (
  tenant_id text not null references tenantry.tenant (id) on delete cascade,
  kind text not null check (kind in ('schema', 'database')),
  used_bytes bigint not null,
  limit_bytes bigint not null,
  -- The share of the limit that the tenant was last told of.
  told_percent integer not null default 0 check (told_percent in (0, 80, 100)),
  -- Since when the tenant may not write.
  full_since timestamptz,
  measured_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, kind)
);
