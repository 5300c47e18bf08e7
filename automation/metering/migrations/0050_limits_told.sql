-- Up Migration

-- The highest five minutes of an hour.
create function tenantry.usage_peak(amounts bigint[], added bigint[]) returns bigint language sql immutable as $$
  select coalesce(max(coalesce(x, 0) + coalesce(y, 0)), 0)::bigint from unnest(amounts, added) u(x, y)
$$;

-- Limits on what adds up compare with a month's sum, limits on what exists at once with its peak.
alter table tenantry.usage_month add column peak_micro_units bigint not null default 0;
update tenantry.usage_month m set peak_micro_units = coalesce((
  select max(tenantry.usage_peak(t.amounts, t.added)) from tenantry.usage_told t
  where t.tenant_id = m.tenant_id and t.dimension = m.dimension and t.hour >= m.month::timestamp at time zone 'UTC'
    and t.hour < (m.month + interval '1 month') at time zone 'UTC'), 0);

create or replace function tenantry.usage_month_follows() returns trigger language plpgsql as $$
declare
  of_month date := date_trunc('month', new.hour at time zone 'UTC')::date;
  difference bigint := tenantry.usage_sum(new.amounts, new.added);
  peak bigint := tenantry.usage_peak(new.amounts, new.added);
  peak_before bigint := 0;
begin
  if tg_op = 'UPDATE' then
    difference := difference - tenantry.usage_sum(old.amounts, old.added);
    peak_before := tenantry.usage_peak(old.amounts, old.added);
  end if;
  if difference = 0 and peak = peak_before then
    return null;
  end if;
  insert into tenantry.usage_month as known (tenant_id, month, dimension, micro_units, peak_micro_units)
    values (new.tenant_id, of_month, new.dimension, difference, peak)
    on conflict (tenant_id, month, dimension) do update set
      micro_units = known.micro_units + excluded.micro_units,
      peak_micro_units = greatest(known.peak_micro_units, excluded.peak_micro_units);
  -- After a correction downwards, another hour may have the peak.
  if peak < peak_before then
    update tenantry.usage_month m set peak_micro_units = (
        select max(tenantry.usage_peak(t.amounts, t.added)) from tenantry.usage_told t
        where t.tenant_id = new.tenant_id and t.dimension = new.dimension
          and t.hour >= of_month::timestamp at time zone 'UTC'
          and t.hour < (of_month + interval '1 month') at time zone 'UTC')
      where m.tenant_id = new.tenant_id and m.month = of_month and m.dimension = new.dimension;
  end if;
  return null;
end $$;

-- Notices about limits: each once a month, and again when a greater limit is reached.
alter table tenantry.usage_alert
  add column limit_micro_units bigint not null default 0,
  add column used_micro_units bigint not null default 0,
  -- For the tenant's trail; only the highest of the shares that one use reaches has it.
  add column message text;
update tenantry.usage_alert alert set limit_micro_units = coalesce((
  select max((a.data ->> 'limitMicroUnits')::bigint) from tenantry.audit a
  where a.tenant_id = alert.tenant_id and a.kind in ('usage.alert', 'usage.overage')
    and a.data ->> 'limit' = alert.limit_id and a.data ->> 'month' = to_char(alert.month, 'YYYY-MM')), 0);

-- A transaction must write the trail last, and one that writes use may go on after its notices.
create function tenantry.usage_alert_recorded() returns trigger language plpgsql as $$
begin
  insert into tenantry.audit (tenant_id, kind, message, data)
    values (new.tenant_id, case when new.percent > 100 then 'usage.overage' else 'usage.alert' end, new.message,
      jsonb_build_object('month', to_char(new.month, 'YYYY-MM'), 'limit', new.limit_id, 'percent', new.percent,
        'usedMicroUnits', new.used_micro_units, 'limitMicroUnits', new.limit_micro_units));
  return null;
end $$;
create constraint trigger usage_alert_recorded after insert or update on tenantry.usage_alert
  deferrable initially deferred for each row when (new.message is not null)
  execute function tenantry.usage_alert_recorded();
