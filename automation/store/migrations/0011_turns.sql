-- Up Migration

-- Work of which only one process of all replicas does a round at a time, such as the sweep. A turn runs out by itself,
-- so a process that was stopped in mid-round keeps the others from it no longer than that; a lock of a session would
-- last as long as its connection, which a stopped process keeps open.
create table tenantry.turn (
  name text primary key,
  holder text not null,
  expires_at timestamptz not null
);
