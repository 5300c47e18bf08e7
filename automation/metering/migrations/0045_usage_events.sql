-- Up Migration

-- Use that is told event by event. The row is the proof that the event counts: it is written by the statement that adds
-- its amount, so neither is ever there without the other. No foreign key, as usage outlives its tenant.
create table tenantry.usage_event (
  tenant_id text not null,
  -- Who told it; its ids are its own.
  source text not null,
  id text not null,
  dimension text not null,
  at timestamptz not null,
  micro_units bigint not null check (micro_units between 0 and 9007199254740991),
  received_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, source, id)
);
-- Kept for as long as an event of its time is taken, so that it can never count twice.
create index usage_event_at on tenantry.usage_event using brin (at);

-- What events add to each five minutes, beside what totals (`amounts`) say of them.
alter table tenantry.usage_told add column added bigint[] not null default '{}';

-- What was told of a calendar month (UTC), added up: what limits of plans are held to without adding a month's samples up.
create table tenantry.usage_month (
  tenant_id text not null,
  month date not null check (extract(day from month) = 1),
  dimension text not null,
  micro_units bigint not null,
  primary key (tenant_id, month, dimension)
);

-- Two hours of five minutes, place by place.
create function tenantry.usage_plus(a bigint[], b bigint[]) returns bigint[] language sql immutable as $$
  select coalesce(array_agg(case when x is null then y when y is null then x else x + y end order by place), '{}')
  from unnest(a, b) with ordinality u(x, y, place)
$$;
-- @param replaces what is told now stands instead of what was; otherwise the greater of both
create function tenantry.usage_total(known bigint[], told bigint[], replaces boolean) returns bigint[]
language sql immutable as $$
  select coalesce(array_agg(case when replaces then coalesce(y, x) else greatest(x, y) end order by place), '{}')
  from unnest(known, told) with ordinality u(x, y, place)
$$;
create function tenantry.usage_sum(amounts bigint[], added bigint[]) returns bigint language sql immutable as $$
  select (coalesce((select sum(x) from unnest(amounts) x), 0) + coalesce((select sum(y) from unnest(added) y), 0))::bigint
$$;

-- The sum of a month follows whatever writes its hours.
create function tenantry.usage_month_follows() returns trigger language plpgsql as $$
declare
  difference bigint := tenantry.usage_sum(new.amounts, new.added);
begin
  if tg_op = 'UPDATE' then
    difference := difference - tenantry.usage_sum(old.amounts, old.added);
  end if;
  if difference <> 0 then
    insert into tenantry.usage_month as known (tenant_id, month, dimension, micro_units)
      values (new.tenant_id, date_trunc('month', new.hour at time zone 'UTC')::date, new.dimension, difference)
      on conflict (tenant_id, month, dimension) do update set micro_units = known.micro_units + excluded.micro_units;
  end if;
  return null;
end $$;
insert into tenantry.usage_month (tenant_id, month, dimension, micro_units)
  select tenant_id, date_trunc('month', hour at time zone 'UTC')::date, dimension,
    sum(tenantry.usage_sum(amounts, added))::bigint
  from tenantry.usage_told group by 1, 2, 3;
create trigger usage_month_follows after insert or update on tenantry.usage_told
  for each row execute function tenantry.usage_month_follows();
