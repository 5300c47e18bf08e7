-- Up Migration

-- Where events are sent: for every tenant, for those of one product, or for one tenant.
create table tenantry.notify_endpoint (
  id text primary key check (id ~ '^ep_[a-z0-9]{16}$'),
  url text not null check (length(url) between 1 and 2000),
  description text check (length(description) <= 200),
  product text,
  tenant_id text references tenantry.tenant,
  -- Types of events that it gets; null is every one.
  events text[] check (cardinality(events) > 0),
  -- Who is told by mail when it is disabled.
  email text,
  state text not null default 'enabled' check (state in ('enabled', 'disabled')),
  disabled_at timestamptz,
  disabled_reason text,
  -- The first failure since the last success.
  failing_since timestamptz,
  secret text not null check (secret like 'whsec\_%'),
  -- The secret before the last rotation, which signs beside the new one until its time is over.
  previous_secret text,
  previous_secret_until timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  check (product is null or tenant_id is null),
  check ((state = 'disabled') = (disabled_at is not null)),
  check ((previous_secret is null) = (previous_secret_until is null))
);
create index notify_endpoint_tenant on tenantry.notify_endpoint (tenant_id) where tenant_id is not null;
create index notify_endpoint_product on tenantry.notify_endpoint (product) where product is not null;

-- The outbox: a row is written in the transaction of what it tells of. No foreign key to the tenant, as checking one
-- waits for whoever has locked its row, who may wait for a lock of the transaction that writes here; and what is told of
-- a tenant outlives it.
create table tenantry.notify_event (
  -- Sent as `webhook-id`: a receiver knows a second delivery by it.
  id text primary key,
  type text not null,
  tenant_id text,
  organization_id text,
  -- The only endpoint that gets it, of a test.
  endpoint_id text,
  at timestamptz not null,
  -- The bytes that are signed and sent.
  body text not null
);
create index notify_event_at on tenantry.notify_event (at);
create index notify_event_tenant on tenantry.notify_event (tenant_id, at) where tenant_id is not null;

-- What an endpoint is to get of an event, and how far that is.
create table tenantry.notify_delivery (
  id bigint generated always as identity primary key,
  event_id text not null references tenantry.notify_event on delete cascade,
  endpoint_id text not null references tenantry.notify_endpoint on delete cascade,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  -- Counts every attempt: who sends draws a number, and may note the answer under that one only.
  attempts int not null default 0,
  -- Attempts since the event or its last replay, which the waiting time goes by.
  tries int not null default 0,
  -- While pending: when it is to be sent. Who begins an attempt sets it to when the attempt counts as lost.
  next_attempt_at timestamptz default clock_timestamp(),
  ended_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  unique (event_id, endpoint_id),
  check ((state = 'pending') = (next_attempt_at is not null)),
  check ((state = 'pending') = (ended_at is null))
);
create index notify_delivery_due on tenantry.notify_delivery (endpoint_id, next_attempt_at) where state = 'pending';
create index notify_delivery_endpoint on tenantry.notify_delivery (endpoint_id, id);

-- What each attempt came to.
create table tenantry.notify_attempt (
  delivery_id bigint not null references tenantry.notify_delivery on delete cascade,
  attempt int not null,
  at timestamptz not null,
  duration_ms int not null,
  -- Of the answer; null when there was none.
  status int,
  -- Why it does not count as delivered; null when it does.
  problem text,
  -- The beginning of the answer's body.
  answer text,
  primary key (delivery_id, attempt)
);

-- Whether an endpoint gets an event. One about an organization goes to endpoints of the products and the tenants that the
-- organization pays for.
create function tenantry.notify_concerns(endpoint tenantry.notify_endpoint, event tenantry.notify_event) returns boolean
language sql stable as $$
  select case
    when event.endpoint_id is not null then event.endpoint_id = endpoint.id
    when endpoint.events is not null and event.type <> all(endpoint.events) then false
    when endpoint.product is null and endpoint.tenant_id is null then true
    when event.tenant_id is not null then event.tenant_id = endpoint.tenant_id
      or exists (select from tenantry.tenant t where t.id = event.tenant_id and t.product = endpoint.product)
    else exists (
      select from tenantry.organization o
      join tenantry.subscription s on s.customer_id = o.customer_id
      join tenantry.tenant t on t.subscription_id = s.id
      where o.id = event.organization_id and t.phase <> 'deleted'
        and (t.id = endpoint.tenant_id or t.product = endpoint.product))
    end
$$;

-- Rings for endpoints whose deliveries are due, now or at a time. Without a key: transactions that tell the same endpoint
-- of something would wait for each other.
create function tenantry.ring_notifications(endpoint_ids text[], at_time timestamptz default null) returns void
language plpgsql as $$
begin
  if cardinality(endpoint_ids) > 0 then
    perform graphile_worker.add_job('deliver-notifications', json_build_object('endpointIds', endpoint_ids),
      max_attempts => 1, run_at => at_time);
  end if;
end $$;

-- Writes an event into the outbox, with a delivery for each endpoint that it concerns. Returns its id.
create function tenantry.notify_emit(event_type text, of_tenant text, of_organization text, event_data jsonb,
  event_at timestamptz default clock_timestamp(), for_endpoint text default null) returns text
language plpgsql as $$
declare
  event tenantry.notify_event;
  concerned text[];
begin
  insert into tenantry.notify_event (id, type, tenant_id, organization_id, endpoint_id, at, body)
    values ('msg_' || replace(gen_random_uuid()::text, '-', ''), event_type, of_tenant, of_organization, for_endpoint,
      event_at, json_build_object('type', event_type,
        'timestamp', to_char(event_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'data', event_data)::text)
    returning * into event;
  with made as (
    insert into tenantry.notify_delivery (event_id, endpoint_id)
      select event.id, e.id from tenantry.notify_endpoint e
      where e.state = 'enabled' and (e.tenant_id is null or e.tenant_id = of_tenant or of_tenant is null)
        and tenantry.notify_concerns(e, event)
      order by e.id
      returning endpoint_id)
  select array_agg(endpoint_id order by endpoint_id) into concerned from made;
  perform tenantry.ring_notifications(concerned);
  return event.id;
end $$;
