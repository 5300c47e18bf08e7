-- Up Migration

-- Limits of which tenants have used at least a share in a month, with the shares of which they were notified at this limit
-- or a greater one. Transactions that ask for the same tenant take turns until they commit; each sees what those before it
-- wrote, because a statement of a function sees what was committed when the statement begins. One function, so that a
-- session keeps its plan and a use costs one round trip.
-- @param limits rows of product, plan, id, dimensions, take (sum or peak), limitMicroUnits
create function tenantry.usage_limits_reached(of_month date, limits jsonb, tenants text[], told_dimensions text[],
  sampled_dimensions text[], from_percent int)
returns table (tenant_id text, product text, limit_id text, limit_micro_units bigint, used_micro_units bigint,
  told int[])
language plpgsql as $$
#variable_conflict use_column
begin
  -- Tenants share 64 locks, so that a batch of many tenants needs few.
  perform pg_advisory_xact_lock(hashtextextended('tenantry.usage_limit:' || of_month || ':' || lot, 0))
    from (select distinct abs(hashtext(id) % 64) as lot from unnest(tenants) id order by lot) lots;
  return query
    with plan_limit as (
      select * from jsonb_to_recordset(limits) as l(product text, plan text, id text, dimensions text[], take text,
        "limitMicroUnits" bigint)),
    used as (
      select m.tenant_id, m.dimension, m.micro_units::numeric as total, m.peak_micro_units as peak
      from tenantry.usage_month m
      where m.tenant_id = any(tenants) and m.month = of_month and m.dimension = any(told_dimensions)
      union all
      select d.tenant_id, d.dimension, sum(d.micro_units), max(d.micro_units) from tenantry.usage_day d
      where cardinality(sampled_dimensions) > 0 and d.tenant_id = any(tenants) and d.day >= of_month
        and d.day < of_month + interval '1 month' and d.dimension = any(sampled_dimensions)
      group by d.tenant_id, d.dimension),
    reached as (
      select used.tenant_id, l.product, l.id, l."limitMicroUnits" as most,
        sum(case l.take when 'peak' then used.peak else used.total end)::bigint as amount
      from used join tenantry.tenant t on t.id = used.tenant_id
      join plan_limit l on l.product = t.product and l.plan = t.desired_spec ->> 'plan'
        and used.dimension = any(l.dimensions)
      group by used.tenant_id, l.product, l.id, l."limitMicroUnits")
    select r.tenant_id, r.product, r.id, r.most, r.amount,
      array(select a.percent from tenantry.usage_alert a where a.tenant_id = r.tenant_id and a.month = of_month
        and a.limit_id = r.id and a.limit_micro_units >= r.most)
    from reached r where r.amount::numeric * 100 >= r.most::numeric * from_percent order by r.tenant_id, r.id;
end $$;
