-- Up Migration

-- When anything of a tenant's health last changed: so long has a difference from what was bought lasted at most.
alter table tenantry.tenant_health add column changed_at timestamptz not null default clock_timestamp();
