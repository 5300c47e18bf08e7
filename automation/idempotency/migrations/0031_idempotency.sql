-- Up Migration

-- Requests that may be sent again: whoever repeats one with its key gets the answer of the first. A row is claimed before
-- the work begins, and holds the answer once it is done.
create table tenantry.idempotency (
  principal text not null,
  route text not null,
  -- The key opens the answer and is kept nowhere, as an answer may hold a secret.
  key_sha256 bytea not null,
  request_sha256 bytea not null,
  -- Whoever claimed it writes the answer; when the time is over without one, its process has died.
  claim uuid not null,
  claimed_until timestamptz not null,
  -- Status, headers and body, sealed.
  answer bytea,
  expires_at timestamptz not null,
  primary key (principal, route, key_sha256)
);
create index idempotency_expires on tenantry.idempotency (expires_at);
