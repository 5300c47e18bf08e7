-- Up Migration

-- What stands in each cell, as its platform stack says: `tenantry cells sync` copies it here.
alter table tenantry.cell
  -- Where tenants go that asked for no region.
  add column home boolean not null default false,
  add column cluster text,
  -- Host of the PostgreSQL that its tenants' rows live in.
  add column database text,
  -- URL of the bucket that holds the state of its tenants' stacks.
  add column state_bucket text,
  -- The whole output `cell` of its stack.
  add column outputs jsonb,
  add column synced_at timestamptz;
create unique index cell_home on tenantry.cell (home) where home;

-- Recoveries of a cell after a disaster: each tenant is made anew that no operation or look has touched since its start.
create table tenantry.recovery (
  id bigint generated always as identity primary key,
  cell text not null references tenantry.cell,
  reason text not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
-- One at a time, so that whoever runs it again goes on with it.
create unique index recovery_open on tenantry.recovery (cell) where ended_at is null;
