-- How long a tenant's doorbell may wait for others': jobs with lower numbers go first. A person who has just paid, or whose
-- tenant comes back, waits for it; then come changes of what already runs; then what nobody waits for. What has waited for
-- ten minutes waits no longer, so that no end is put off for ever by purchases; the sweep rings again for it.
create function tenantry.converge_priority(of_tenant text) returns int language sql stable as $$
  select case
    when t.observed_generation = t.desired_generation then 20
    when t.slot then 15
    when t.updated_at < now() - interval '10 minutes' then 0
    when t.desired_state = 'deleted' then 10
    when t.desired_state = 'active' and t.observed_state is distinct from 'active' then 0
    -- A slot that was bought is brought to its plan.
    when t.desired_spec->>'owner' is distinct from t.observed_spec->>'owner' then 0
    else 5 end
  from tenantry.tenant t where t.id = of_tenant
$$;
