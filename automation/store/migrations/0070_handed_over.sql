-- When the engine had removed what it knows of a tenant and left the end of its namespace to the cluster; null before that,
-- and once the namespace is gone.
alter table tenantry.tenant add column handed_over_at timestamptz;
