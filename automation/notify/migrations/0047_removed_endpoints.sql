-- Up Migration

-- Writes an event into the outbox, with a delivery for each endpoint that it concerns. Returns its id.
-- An endpoint that is being removed is skipped: the reference to it would wait for that, and then fail what is told of.
create or replace function tenantry.notify_emit(event_type text, of_tenant text, of_organization text, event_data jsonb,
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
      for key share of e skip locked
      returning endpoint_id)
  select array_agg(endpoint_id order by endpoint_id) into concerned from made;
  perform tenantry.ring_notifications(concerned);
  return event.id;
end $$;
