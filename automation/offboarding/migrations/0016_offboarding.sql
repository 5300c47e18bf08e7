-- Up Migration

-- The end of a tenant, step by step: every step is written before it begins and after it ends, so that whoever comes
-- after a crash goes on where it was. No foreign keys to the tenant: what is written here outlives it.
create table tenantry.offboarding (
  tenant_id text primary key,
  cell text not null,
  begun_at timestamptz not null default clock_timestamp(),
  -- Tries of the step that it is at, since the last one that ended.
  attempts int not null default 0,
  next_try_at timestamptz,
  -- What it waits for, in words for the customer, and why, for operators.
  problem text,
  cause text,
  finished_at timestamptz
);
create index offboarding_open on tenantry.offboarding (cell, next_try_at) where finished_at is null;

create table tenantry.offboarding_step (
  tenant_id text not null references tenantry.offboarding,
  step text not null check (step in ('export', 'backup', 'destroy', 'verify', 'receipt')),
  -- Who begins a step draws a new number and may end it only under that one.
  attempt int not null default 1,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  result jsonb,
  primary key (tenant_id, step),
  check (finished_at is null or result is not null)
);

create function tenantry.ring_offboarding(of_tenant text, of_cell text) returns void language plpgsql as $$
begin
  perform graphile_worker.add_job('offboard-tenant:' || of_cell, json_build_object('tenantId', of_tenant),
    job_key => 'offboard-tenant:' || of_tenant, max_attempts => 3);
end $$;

-- By triggers, so that no way to end a tenant goes past it.
create function tenantry.tenant_ends() returns trigger language plpgsql as $$
begin
  insert into tenantry.offboarding (tenant_id, cell) values (new.id, new.cell) on conflict (tenant_id) do nothing;
  perform tenantry.ring_offboarding(new.id, new.cell);
  return null;
end $$;
create trigger tenant_ends after update of desired_state on tenantry.tenant for each row
  when (new.desired_state = 'deleted' and old.desired_state <> 'deleted') execute function tenantry.tenant_ends();

create function tenantry.tenant_ended() returns trigger language plpgsql as $$
begin
  perform tenantry.ring_offboarding(new.id, new.cell);
  return null;
end $$;
create trigger tenant_ended after update of phase on tenantry.tenant for each row
  when (new.phase = 'deleted' and old.phase <> 'deleted') execute function tenantry.tenant_ended();

-- Tenants that ended, or were ending, before this was written down.
insert into tenantry.offboarding (tenant_id, cell)
  select id, cell from tenantry.tenant where desired_state = 'deleted';

-- Exports of a tenant's data: on request, and before it is deleted.
create table tenantry.tenant_export (
  id bigint generated always as identity primary key,
  tenant_id text not null,
  cell text not null,
  reason text not null check (reason in ('request', 'offboarding')),
  requested_by text,
  requested_at timestamptz not null default clock_timestamp(),
  -- As for steps: only the newest attempt may end it, and each writes a file of its own.
  attempt int not null default 0,
  started_at timestamptz,
  finished_at timestamptz,
  file text,
  url text,
  sha256 text,
  bytes bigint,
  tables int,
  rows bigint,
  attempts int not null default 0,
  next_try_at timestamptz,
  cause text,
  expires_at timestamptz,
  -- When its file was removed, as its time was over.
  removed_at timestamptz
);
create unique index tenant_export_offboarding on tenantry.tenant_export (tenant_id) where reason = 'offboarding';
create unique index tenant_export_requested on tenantry.tenant_export (tenant_id) where reason = 'request' and finished_at is null;
create index tenant_export_tenant on tenantry.tenant_export (tenant_id, id);
create index tenant_export_open on tenantry.tenant_export (cell) where reason = 'request' and finished_at is null;
create index tenant_export_expiry on tenantry.tenant_export (cell, expires_at) where finished_at is not null and removed_at is null;

create function tenantry.ring_export(of_export bigint, of_cell text) returns void language plpgsql as $$
begin
  perform graphile_worker.add_job('export-tenant:' || of_cell, json_build_object('exportId', of_export),
    job_key => 'export-tenant:' || of_export, max_attempts => 3);
end $$;

-- Keys that receipts were signed with: the public halves, for whoever checks one.
create table tenantry.receipt_key (
  id text primary key,
  -- As a JSON Web Key.
  public_key jsonb not null,
  first_used_at timestamptz not null default clock_timestamp()
);

-- The signed proof that nothing of a tenant remains.
create table tenantry.receipt (
  tenant_id text primary key,
  key_id text not null references tenantry.receipt_key,
  issued_at timestamptz not null,
  document jsonb not null
);
create function tenantry.receipt_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'a receipt is final';
end $$;
create trigger receipt_final before update or delete or truncate on tenantry.receipt
  for each statement execute function tenantry.receipt_is_final();

-- Mail that is to be sent. A key is sent at most once: whoever asks for it again finds it here.
create table tenantry.mail (
  key text primary key,
  message_id text not null unique,
  recipient text not null,
  subject text not null,
  body text not null,
  state text not null default 'pending' check (state in ('pending', 'sent', 'refused', 'unconfigured')),
  attempts int not null default 0,
  next_try_at timestamptz,
  -- What the server said last.
  answer text,
  created_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz
);
create index mail_pending on tenantry.mail (next_try_at) where state = 'pending';

create function tenantry.ring_mail(of_key text, at_time timestamptz default null) returns void language plpgsql as $$
begin
  perform graphile_worker.add_job('send-mail', json_build_object('key', of_key), job_key => 'send-mail:' || of_key,
    max_attempts => 3, run_at => at_time);
end $$;
