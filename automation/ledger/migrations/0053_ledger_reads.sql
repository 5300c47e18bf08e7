-- Functions in PL/pgSQL keep their plans for as long as a session lives; planning these queries takes longer than running them.

-- No row when nothing was ever booked for the tenant.
create function tenantry.ledger_balance(of_tenant text, at_time timestamptz)
returns table (available bigint, held bigint, overshoot bigint) language plpgsql stable as $$
begin
  return query
    select tenantry.ledger_available(of_tenant, at_time), a.balance,
      coalesce((select sum(e.amount) from tenantry.ledger_entry e
                 where e.tenant_id = of_tenant and e.kind = 'overshoot'), 0)::bigint
    from tenantry.ledger_account a where a.tenant_id = of_tenant and a.kind = 'held';
end $$;

-- Two rows, api and spend.
create function tenantry.ledger_budgets(of_tenant text, of_month date)
returns table (kind text, "agreedMicros" bigint, "capMicros" bigint, "spentMicros" bigint, "reservedMicros" bigint,
               calls bigint, "alertedPercent" int) language plpgsql stable as $$
begin
  return query
    select k.kind, b.limit_micros, b.cap_micros, coalesce(m.spent_micros, 0)::bigint,
      coalesce(m.reserved_micros, 0)::bigint, coalesce(m.calls, 0)::bigint, coalesce(m.alerted_percent, 0)::int
    from unnest(array['api', 'spend']) k(kind)
    left join tenantry.budget b on b.tenant_id = of_tenant and b.kind = k.kind
    left join tenantry.budget_month m on m.tenant_id = of_tenant and m.kind = k.kind and m.month = of_month;
end $$;
