-- Up Migration

-- How tenants' logins behave on the servers of their databases.
create table tenantry.database_conduct (
  tenant_id text primary key references tenantry.tenant (id) on delete cascade,
  -- Sessions that had to be ended since the last quiet time.
  offences integer not null default 0,
  last_offence_at timestamptz,
  -- Fewer connections than the plan has, until its conduct was good for a while.
  throttled_at timestamptz
);
