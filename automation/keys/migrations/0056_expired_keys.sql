-- Up Migration

-- Expired keys are forgotten after a while.
create index api_key_expiry on tenantry.api_key (expires_at) where expires_at is not null;
