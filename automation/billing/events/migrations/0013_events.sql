-- Up Migration

alter table tenantry.stripe_event
  -- The snapshot that a thin notification is the other form of; with it, an event that came in one form is known to have
  -- come when Stripe's list shows it in the other.
  add column snapshot_id text,
  -- How often handling it failed, and why the last time.
  add column attempts int not null default 0,
  add column problem text,
  -- When it was last handled anew at an operator's wish.
  add column replayed_at timestamptz;
create index stripe_event_snapshot on tenantry.stripe_event (snapshot_id) where snapshot_id is not null;
create index stripe_event_received on tenantry.stripe_event (received_at);

-- What an event meant beyond its subscription, once for each state of the object that it is about, however often and in
-- whatever form Stripe tells it. An alert waits for an operator until it is closed.
create table tenantry.stripe_notice (
  key text primary key,
  kind text not null,
  severity text not null check (severity in ('alert', 'note')),
  -- The object at Stripe.
  subject text not null,
  message text not null,
  customer_id text,
  subscription_id text,
  data jsonb not null default '{}',
  event_id text,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  closed_at timestamptz,
  -- The outcome at Stripe, or `operator`.
  closed_because text
);
create index stripe_notice_open on tenantry.stripe_notice (created_at) where severity = 'alert' and closed_at is null;

-- When Stripe's products and prices were last compared with the catalog.
create table tenantry.catalog_check (
  only_row boolean primary key default true check (only_row),
  checked_at timestamptz not null
);

-- Asks for a comparison of Stripe's products and prices with the catalog, once for a series of changes.
create function tenantry.ring_catalog_check() returns void language plpgsql as $$
begin
  perform graphile_worker.add_job('check-catalog', '{}'::json, run_at => now() + interval '5 seconds', max_attempts => 3,
    job_key => 'check-catalog');
end $$;

-- Receives webhooks that arrived together, in one round trip and one transaction: commits that notify wait for one
-- another, each for the disk. Returns the ids of those that were not here before.
create function tenantry.receive_events(event_ids text[], event_types text[], related_types text[], related_ids text[],
  subscription_ids text[], need_lookups boolean[], bodies text[], snapshot_ids text[]) returns setof text language plpgsql as $$
declare
  fresh text[];
begin
  with inserted as (
    insert into tenantry.stripe_event (id, type, object_type, object_id, subscription_id, payload, snapshot_id, resolved_at)
      select e.id, e.type, e.object_type, e.object_id, e.subscription_id, e.body, e.snapshot_id,
        case when e.lookup then null else now() end
      from unnest(event_ids, event_types, related_types, related_ids, subscription_ids, need_lookups, bodies, snapshot_ids)
        with ordinality as e(id, type, object_type, object_id, subscription_id, lookup, body, snapshot_id, position)
      order by e.id, e.position
      on conflict (id) do nothing
      returning id)
  select array_agg(id) into fresh from inserted;
  if fresh is null then
    return;
  end if;

  perform tenantry.mark_subscriptions(array(
    select e.subscription_id from tenantry.stripe_event e where e.id = any(fresh) and e.subscription_id is not null));
  perform tenantry.ring_events(array(
    select e.id from tenantry.stripe_event e where e.id = any(fresh) and e.resolved_at is null));

  if exists (select from tenantry.stripe_event e where e.id = any(fresh)
      and e.object_type in ('product', 'price', 'coupon', 'promotion_code', 'billing.meter')) then
    perform tenantry.ring_catalog_check();
  end if;

  insert into tenantry.audit (tenant_id, subscription_id, kind, message, data, audience)
    select t.id, e.subscription_id, 'event.received', 'Stripe reported ' || e.type,
      jsonb_build_object('event', e.id, 'type', e.type), 'tenant'
    from tenantry.stripe_event e left join tenantry.tenant t on t.subscription_id = e.subscription_id
    where e.id = any(fresh) and e.subscription_id is not null
    -- The trail tells a subscription's events as they arrived.
    order by e.subscription_id, array_position(event_ids, e.id);

  return query select unnest(fresh);
end $$;

-- As API replicas of the version before call it.
create or replace function tenantry.receive_events(event_ids text[], event_types text[], related_types text[],
  related_ids text[], subscription_ids text[], need_lookups boolean[], bodies text[]) returns setof text language plpgsql as $$
begin
  return query select tenantry.receive_events(event_ids, event_types, related_types, related_ids, subscription_ids,
    need_lookups, bodies, array_fill(null::text, array[cardinality(event_ids)]));
end $$;
