-- Up Migration

create schema tenantry;

-- Where tenants live: a cluster with its database and state bucket.
create table tenantry.cell (
  id text primary key,
  region text not null
);

-- Inbox of Stripe's webhooks. A row is the proof that an event was received; a second delivery finds it.
create table tenantry.stripe_event (
  id text primary key,
  type text not null,
  object_type text,
  object_id text,
  subscription_id text,
  -- As received: for people to read, never for the service. Not jsonb, which refuses some of what JSON may hold.
  payload text not null,
  received_at timestamptz not null default now(),
  -- Set at once where the payload names its subscription or needs none, otherwise by the job that looks it up.
  resolved_at timestamptz
);
create index stripe_event_unresolved on tenantry.stripe_event (received_at) where resolved_at is null;

-- What we last fetched of each Stripe subscription.
create table tenantry.subscription (
  id text primary key,
  -- Tickets order concurrent fetches: an answer is applied only if no later fetch was applied before it.
  fetch_ticket bigint not null default 0,
  applied_ticket bigint not null default 0,
  status text,
  customer_id text,
  owner text,
  product text,
  plan text,
  seats int,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  past_due_since timestamptz,
  checkout_id text,
  problem text,
  attempts int not null default 0,
  next_try_at timestamptz,
  fetched_at timestamptz,
  created_at timestamptz not null default now()
);
create index subscription_grace on tenantry.subscription (past_due_since) where past_due_since is not null;

-- How often each subscription was marked, and which of these marks a fetch has seen; it is dirty while seq > settled_seq.
-- Apart from the subscription, whose row a sync locks while it writes: a webhook must not wait for that. For the same
-- reason there is no foreign key, as checking one waits for that lock too.
create table tenantry.subscription_mark (
  subscription_id text primary key,
  seq bigint not null,
  settled_seq bigint not null default 0,
  -- When its doorbell was rung; null when nobody is coming because of it.
  rung_at timestamptz
);
create index subscription_dirty on tenantry.subscription_mark (subscription_id) where seq > settled_seq;

create table tenantry.tenant (
  id text primary key check (id ~ '^[a-z][a-z0-9]{7}$'),
  cell text not null references tenantry.cell,
  product text not null,
  owner text,
  subscription_id text unique references tenantry.subscription,
  -- A slot is a tenant that was provisioned ahead and has no owner yet.
  slot boolean not null default false,
  slug text not null,
  namespace text not null,
  created_at timestamptz not null,

  desired_state text not null check (desired_state in ('active', 'suspended', 'deleted')),
  desired_spec jsonb not null,
  desired_generation bigint not null default 1,
  suspend_reason text,
  delete_after timestamptz,

  phase text not null default 'pending' check (phase in ('pending', 'provisioning', 'active', 'updating',
    'suspending', 'suspended', 'deleting', 'deleted', 'failed')),
  observed_state text check (observed_state in ('active', 'suspended', 'deleted')),
  observed_spec jsonb,
  observed_generation bigint not null default 0,
  outputs jsonb,
  reason_code text,
  reason_message text,
  cause text,
  permanent boolean not null default false,
  attempts int not null default 0,
  next_try_at timestamptz,
  -- The cluster and database as the last operation left them; what differs later has drifted.
  fingerprint jsonb,
  drift_checked_at timestamptz,
  active_at timestamptz,
  updated_at timestamptz not null default now(),

  -- How `pulumi stack init` left the stack, or null while that is still to be done.
  stack_settings jsonb,
  -- An operation began and its end was never recorded: the engine's state may lack what exists.
  unsettled boolean not null default false
);
create unique index tenant_namespace on tenantry.tenant (cell, namespace) where phase <> 'deleted' and desired_state <> 'deleted';
create index tenant_owner on tenantry.tenant (owner, created_at);
create index tenant_unconverged on tenantry.tenant (next_try_at)
  where observed_generation <> desired_generation and not permanent;
create index tenant_retention on tenantry.tenant (delete_after) where delete_after is not null;
create index tenant_slot on tenantry.tenant (cell, product) where slot;
create index tenant_drift on tenantry.tenant (drift_checked_at nulls first) where phase in ('active', 'suspended');

-- Tenant ids whose stacks are initialised already, so that a payment does not wait for it.
create table tenantry.reserved_stack (
  tenant_id text primary key check (tenant_id ~ '^[a-z][a-z0-9]{7}$'),
  cell text not null references tenantry.cell,
  stack_settings jsonb not null,
  created_at timestamptz not null default now()
);

-- The right to change one tenant. Whoever holds it proves so with its fence in every write.
create sequence tenantry.fence;
create table tenantry.lease (
  tenant_id text primary key references tenantry.tenant on delete cascade,
  holder text not null,
  fence bigint not null,
  expires_at timestamptz not null,
  -- The process group that runs the engine, so that the next holder on the same host can make sure it is dead.
  host text not null,
  process_group int,
  process_started text
);

-- Append-only: every event, decision, operation and its cause.
create sequence tenantry.audit_id;
create table tenantry.audit (
  id bigint primary key,
  at timestamptz not null default clock_timestamp(),
  tenant_id text,
  subscription_id text,
  kind text not null,
  message text not null,
  data jsonb not null default '{}',
  -- Operators read everything, tenants only what is meant for them.
  audience text not null default 'tenant' check (audience in ('tenant', 'operator'))
);
create index audit_tenant on tenantry.audit (tenant_id, id);
create index audit_subscription on tenantry.audit (subscription_id, id);

create function tenantry.audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the audit trail is append-only';
end $$;
create trigger audit_append_only before update or delete or truncate on tenantry.audit
  for each statement execute function tenantry.audit_is_append_only();

-- Readers resume by id, so the entries of one tenant must become visible in the order of their ids: the id is
-- drawn under a lock that lasts until the commit. Transactions write their audit entries last, which keeps the
-- order of locks (subscription, tenant, audit) the same everywhere.
create function tenantry.audit_in_order() returns trigger language plpgsql as $$
begin
  if new.tenant_id is not null then
    perform pg_advisory_xact_lock(hashtextextended('tenantry.audit:' || new.tenant_id, 0));
    perform pg_notify('tenantry_tenant', new.tenant_id);
  end if;
  new.id := nextval('tenantry.audit_id');
  return new;
end $$;
create trigger audit_in_order before insert on tenantry.audit for each row execute function tenantry.audit_in_order();

create function tenantry.tenant_changed() returns trigger language plpgsql as $$
begin
  new.updated_at := clock_timestamp();
  perform pg_notify('tenantry_tenant', new.id);
  return new;
end $$;
create trigger tenant_changed before update on tenantry.tenant for each row
  when (old.phase is distinct from new.phase or old.observed_generation is distinct from new.observed_generation
     or old.desired_generation is distinct from new.desired_generation or old.reason_code is distinct from new.reason_code)
  execute function tenantry.tenant_changed();

-- Order of locks, the same everywhere: event, subscription, mark, tenant, job, audit; of each kind by id. Whoever
-- settles a mark does that in a transaction of its own.

-- Rings the doorbells of subscriptions. One that was never settled goes first: it may be a customer who has just paid and
-- waits, and fetches are paced.
create function tenantry.ring_subscriptions(ids text[]) returns void language plpgsql as $$
begin
  if cardinality(ids) > 0 then
    perform graphile_worker.add_jobs(array(
      select row('sync-subscription', json_build_object('subscriptionId', rung.id), null, null, 3,
        'sync-subscription:' || rung.id, case when mark.settled_seq > 0 then 0 else -10 end, null)::graphile_worker.job_spec
      from unnest(ids) rung(id) left join tenantry.subscription_mark mark on mark.subscription_id = rung.id
      order by rung.id));
  end if;
end $$;

-- Marks subscriptions dirty, as often as each is named, and rings for those that nobody is coming for: a sync that has
-- been rung for sees the new marks when it begins, or when it settles. When it has been long about it, it may be dead.
create function tenantry.mark_subscriptions(ids text[]) returns void language plpgsql as $$
declare
  rung_now timestamptz := clock_timestamp();
  unattended text[];
begin
  -- Names only new ones: an insert that finds its row waits for whoever is updating it.
  insert into tenantry.subscription (id)
    select distinct marked.id from unnest(ids) marked(id)
    where not exists (select from tenantry.subscription known where known.id = marked.id)
    order by marked.id
    on conflict (id) do nothing;
  with marks as (
    insert into tenantry.subscription_mark as mark (subscription_id, seq, rung_at)
      select marked.id, count(*), rung_now from unnest(ids) marked(id) group by marked.id order by marked.id
      on conflict (subscription_id) do update set seq = mark.seq + excluded.seq,
        rung_at = case when mark.rung_at > rung_now - interval '5 seconds' then mark.rung_at else rung_now end
      returning mark.subscription_id, mark.rung_at)
  select array_agg(subscription_id) into unattended from marks where rung_at = rung_now;
  perform tenantry.ring_subscriptions(unattended);
end $$;

-- Notes that a fetch has seen a subscription's marks up to one, and rings again when there are newer ones.
create function tenantry.settle_subscription(settled_id text, settled_up_to bigint) returns void language plpgsql as $$
declare
  again boolean;
begin
  update tenantry.subscription_mark set settled_seq = greatest(settled_seq, settled_up_to),
      rung_at = case when seq > greatest(settled_seq, settled_up_to) then clock_timestamp() end
    where subscription_id = settled_id
    returning rung_at is not null into again;
  if again then
    perform tenantry.ring_subscriptions(array[settled_id]);
  end if;
end $$;

-- Receives webhooks that arrived together, in one round trip and one transaction: commits that notify wait for one
-- another, each for the disk. Returns the ids of those that were not here before.
create function tenantry.receive_events(event_ids text[], event_types text[], related_types text[], related_ids text[],
  subscription_ids text[], need_lookups boolean[], bodies text[]) returns setof text language plpgsql as $$
declare
  fresh text[];
begin
  with inserted as (
    insert into tenantry.stripe_event (id, type, object_type, object_id, subscription_id, payload, resolved_at)
      select e.id, e.type, e.object_type, e.object_id, e.subscription_id, e.body, case when e.lookup then null else now() end
      from unnest(event_ids, event_types, related_types, related_ids, subscription_ids, need_lookups, bodies)
        with ordinality as e(id, type, object_type, object_id, subscription_id, lookup, body, position)
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

  insert into tenantry.audit (tenant_id, subscription_id, kind, message, data, audience)
    select t.id, e.subscription_id, 'event.received', 'Stripe reported ' || e.type,
      jsonb_build_object('event', e.id, 'type', e.type), 'tenant'
    from tenantry.stripe_event e left join tenantry.tenant t on t.subscription_id = e.subscription_id
    where e.id = any(fresh) and e.subscription_id is not null
    -- The trail tells a subscription's events as they arrived.
    order by e.subscription_id, array_position(event_ids, e.id);

  return query select unnest(fresh);
end $$;

-- Rings for events whose subscription must be looked up.
create function tenantry.ring_events(ids text[]) returns void language plpgsql as $$
begin
  if cardinality(ids) > 0 then
    perform graphile_worker.add_jobs(array(
      select row('resolve-event', json_build_object('eventId', rung.id), null, null, 3,
        'resolve-event:' || rung.id, null, null)::graphile_worker.job_spec
      from unnest(ids) rung(id) order by rung.id));
  end if;
end $$;
