-- Up Migration

create index notify_event_organization on tenantry.notify_event (organization_id) where organization_id is not null;
