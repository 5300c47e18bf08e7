-- How much of its plan a tenant has used in a month, and what open reservations hold of it: one row, always.
create function tenantry.standing(of_tenant text, of_month date, at_time timestamptz)
returns table (metered jsonb, held jsonb, period_end timestamptz) language plpgsql stable as $$
begin
  return query
    select
      (select coalesce(jsonb_object_agg(u.dimension, u.micro_units), '{}') from tenantry.usage_month u
        where u.tenant_id = of_tenant and u.month = of_month),
      (select coalesce(jsonb_agg(to_jsonb(open)), '[]') from (
        select n.kind, n.entitlement, sum(n.micro_units) as amount from tenantry.reservation r
        join tenantry.reservation_need n on n.reservation_id = r.id
        where r.tenant_id = of_tenant and r.outcome is null and r.expires_at > at_time and n.kind <> 'rate'
        group by n.kind, n.entitlement) open),
      (select s.current_period_end from tenantry.tenant t join tenantry.subscription s on s.id = t.subscription_id
        where t.id = of_tenant);
end $$;

-- The same with the tenant's credits (null when nothing was ever booked) and budgets, for a reader that needs it all.
create function tenantry.standing_with_money(of_tenant text, of_month date, at_time timestamptz)
returns table (metered jsonb, held jsonb, period_end timestamptz, balance jsonb, budgets jsonb) language plpgsql stable as $$
begin
  return query
    select s.metered, s.held, s.period_end,
      (select to_jsonb(b) from tenantry.ledger_balance(of_tenant, at_time) b),
      (select jsonb_agg(to_jsonb(b)) from tenantry.ledger_budgets(of_tenant, of_month) b)
    from tenantry.standing(of_tenant, of_month, at_time) s;
end $$;
