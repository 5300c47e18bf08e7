-- Up Migration

-- Metering. Samples of five minutes are kept in one row per tenant and hour, whose arrays have a place for each of the
-- hour's twelve samples: a place that nobody sampled is null, which is a gap, not a zero. Every big table is partitioned
-- by time, so that what is old enough goes with its partition. No foreign keys: usage outlives its tenant.

-- Every look at a cell's cluster. What is missing between two of them is a gap.
create table tenantry.usage_round (
  cell text not null,
  -- Begin of the five minutes that it stands for.
  slot timestamptz not null,
  -- What pods use (metrics.k8s.io), or what they ask for where nothing measures them.
  source text not null check (source in ('metrics', 'requests')),
  tenants int not null,
  pods int not null,
  took_ms int not null,
  primary key (cell, slot)
);

create table tenantry.usage_sample (
  tenant_id text not null,
  hour timestamptz not null,
  cpu_millis int[] not null,
  -- kB (1,000 bytes) and MB (1,000,000 bytes), so that a sample has four bytes.
  memory_kb int[] not null,
  storage_mb int[] not null,
  primary key (tenant_id, hour)
) partition by range (hour);

-- What a product's own service tells, as no cluster shows it: sessions, recordings, calls. In millionths of the
-- dimension's unit, for each five minutes.
create table tenantry.usage_told (
  tenant_id text not null,
  hour timestamptz not null,
  dimension text not null,
  amounts bigint[] not null,
  primary key (tenant_id, hour, dimension)
) partition by range (hour);

create table tenantry.usage_hour (
  tenant_id text not null,
  hour timestamptz not null,
  cpu_milli_seconds bigint not null,
  memory_kb_seconds bigint not null,
  storage_mb_seconds bigint not null,
  -- Of twelve; fewer where there are gaps, or where the tenant came or went.
  slots smallint not null,
  primary key (tenant_id, hour)
) partition by range (hour);

-- What every figure that anybody is shown or charged is made of: millionths of the unit of the catalog's dimension.
create table tenantry.usage_day (
  tenant_id text not null,
  day date not null,
  dimension text not null,
  micro_units bigint not null,
  billable boolean not null,
  -- How much of it Stripe has.
  reported bigint not null default 0,
  primary key (tenant_id, day, dimension)
) partition by range (day);
create index usage_day_unreported on tenantry.usage_day (tenant_id, day, dimension)
  where billable and micro_units <> reported;

-- Which plan a tenant's subscription paid for on a day.
create table tenantry.usage_plan_day (
  tenant_id text not null,
  day date not null,
  product text not null,
  plan text not null,
  seats int not null,
  status text not null,
  primary key (tenant_id, day)
) partition by range (day);

-- Who within a tenant used the most.
create table tenantry.usage_consumer_day (
  tenant_id text not null,
  day date not null,
  consumer text not null,
  cpu_milli_seconds bigint not null,
  memory_kb_seconds bigint not null,
  primary key (tenant_id, day, consumer)
) partition by range (day);

-- Every meter event: written before it is sent, so that after a crash it is sent again under the same identifier.
create table tenantry.usage_report (
  tenant_id text not null,
  day date not null,
  dimension text not null,
  -- A day that grows after it was reported gets another part.
  part int not null,
  identifier text not null,
  customer_id text not null,
  micro_units bigint not null check (micro_units > 0),
  -- When the use counts as having happened, for Stripe's periods.
  used_at timestamptz not null,
  first_tried_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz,
  cancelled_at timestamptz,
  refusal text,
  primary key (tenant_id, day, dimension, part)
) partition by range (day);

-- Hours whose samples have changed since they were rolled up.
create table tenantry.usage_stale_hour (
  hour timestamptz primary key,
  marks int not null default 1
);

-- What a tenant was told about its limits, once a month each.
create table tenantry.usage_alert (
  tenant_id text not null,
  month date not null,
  limit_id text not null,
  percent int not null,
  at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, month, limit_id, percent)
);

-- An array with one value at a place and nothing before it.
create function tenantry.usage_at(place int, value int) returns int[] language sql immutable as
  $$ select array_fill(null::int, array[place - 1]) || value $$;
create function tenantry.usage_at(place int, value bigint) returns bigint[] language sql immutable as
  $$ select array_fill(null::bigint, array[place - 1]) || value $$;

-- Makes the partitions of a table that cover a time; `unit` is day or month (UTC). Named by their begin, `…_20261121`.
create function tenantry.usage_partitions(of_table text, unit text, from_at timestamptz, until_at timestamptz)
returns void language plpgsql as $$
declare
  begins timestamptz := date_trunc(unit, from_at, 'UTC');
  ends timestamptz;
  name text;
begin
  while begins <= until_at loop
    ends := (begins at time zone 'UTC' + ('1 ' || unit)::interval) at time zone 'UTC';
    name := of_table || '_' || to_char(begins at time zone 'UTC', 'YYYYMMDD');
    if to_regclass('tenantry.' || name) is null then
      -- Two that make the same one take turns, until the end of the transaction.
      perform pg_advisory_xact_lock(hashtextextended('tenantry.usage_partitions', 0));
      -- Rows of the current hour are written twelve times: what that leaves behind is to be used again soon.
      execute format('create table if not exists tenantry.%I partition of tenantry.%I for values from (%L) to (%L)
        with (autovacuum_vacuum_scale_factor = 0.02)', name, of_table,
        to_char(begins at time zone 'UTC', 'YYYY-MM-DD') || '+00', to_char(ends at time zone 'UTC', 'YYYY-MM-DD') || '+00');
    end if;
    begins := ends;
  end loop;
end $$;

-- Drops the partitions of a table that end before a time; returns how many.
create function tenantry.usage_forget(of_table text, unit text, before timestamptz) returns int language plpgsql as $$
declare
  partition text;
  dropped int := 0;
begin
  for partition in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = ('tenantry.' || of_table)::regclass loop
    if ((to_timestamp(right(partition, 8) || ' UTC', 'YYYYMMDD TZ') at time zone 'UTC' + ('1 ' || unit)::interval)
        at time zone 'UTC') <= before then
      execute format('drop table tenantry.%I', partition);
      dropped := dropped + 1;
    end if;
  end loop;
  return dropped;
end $$;
