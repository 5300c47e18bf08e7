-- Up Migration

-- What runs of each tenant, as the cell's watcher last saw it. Apart from the tenant, whose row says what was provisioned.
create table tenantry.tenant_health (
  tenant_id text primary key references tenantry.tenant (id) on delete cascade,
  state text not null check (state in ('running', 'none_wanted', 'starting', 'image', 'quota', 'refused', 'crash',
    'unschedulable')),
  message text,
  wanted int not null,
  ready int not null,
  -- [{"cpuMillis", "memoryBytes", "pods"}]: what the pods that run request, each size once.
  sizes jsonb not null,
  -- When it came into this state, and since when fewer pods are ready than are wanted.
  since timestamptz not null default clock_timestamp(),
  not_running_since timestamptz
);

-- When the cell's watcher was last up to date. One row per cell, so that nothing is written for tenants that do not change.
create table tenantry.cell_watch (
  cell text primary key references tenantry.cell (id) on delete cascade,
  seen_at timestamptz not null
);

create function tenantry.tenant_health_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('tenantry_tenant', coalesce(new.tenant_id, old.tenant_id));
  return null;
end $$;
create trigger tenant_health_changed after insert or update or delete on tenantry.tenant_health
  for each row execute function tenantry.tenant_health_changed();
