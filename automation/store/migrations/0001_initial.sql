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

-- What we last fetched of each Stripe subscription. It is dirty while marked_seq > synced_seq.
create table tenantry.subscription (
  id text primary key,
  marked_seq bigint not null default 1,
  synced_seq bigint not null default 0,
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
create index subscription_dirty on tenantry.subscription (next_try_at) where marked_seq > synced_seq;
create index subscription_grace on tenantry.subscription (past_due_since) where past_due_since is not null;

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

-- Marks a subscription dirty and rings its doorbell. Used by the webhook and by the sweep.
create function tenantry.mark_subscription(subscription text) returns void language plpgsql as $$
begin
  insert into tenantry.subscription (id) values (subscription)
    on conflict (id) do update set marked_seq = tenantry.subscription.marked_seq + 1, next_try_at = null;
  perform graphile_worker.add_job('sync-subscription', json_build_object('subscriptionId', subscription),
    job_key => 'sync-subscription:' || subscription, max_attempts => 3);
end $$;

-- Receives one webhook in one round trip and one transaction. False for an event that was here before.
create function tenantry.receive_event(event_id text, event_type text, related_type text, related_id text,
  subscription text, needs_lookup boolean, body text) returns boolean language plpgsql as $$
begin
  insert into tenantry.stripe_event (id, type, object_type, object_id, subscription_id, payload, resolved_at)
    values (event_id, event_type, related_type, related_id, subscription, body, case when needs_lookup then null else now() end)
    on conflict (id) do nothing;
  if not found then
    return false;
  end if;
  if subscription is not null then
    perform tenantry.mark_subscription(subscription);
    insert into tenantry.audit (tenant_id, subscription_id, kind, message, data, audience)
      select (select t.id from tenantry.tenant t where t.subscription_id = subscription), subscription, 'event.received',
        'Stripe reported ' || event_type, jsonb_build_object('event', event_id, 'type', event_type), 'tenant';
  elsif needs_lookup then
    perform graphile_worker.add_job('resolve-event', json_build_object('eventId', event_id),
      job_key => 'resolve-event:' || event_id, max_attempts => 3);
  end if;
  return true;
end $$;
