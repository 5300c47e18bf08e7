-- Up Migration

-- Where Stripe, rows, stacks, cluster and databases disagree; see `automation/reconcile`. One row as long as it lasts:
-- what comes back later is another finding of the same key.
create table tenantry.finding (
  id bigint generated always as identity primary key,
  key text not null,
  -- Which comparison found it: `money`, or `cell:<id>`.
  area text not null,
  kind text not null,
  -- What it is about, as a person reads it.
  subject text not null,
  -- Not references: what nobody owns has a finding, too.
  tenant_id text,
  subscription_id text,
  cause text not null,
  data jsonb not null default '{}',
  -- `suspected` does not count yet: what is under way looks like this for a moment.
  state text not null check (state in ('suspected', 'healing', 'waiting', 'approved', 'dismissed')),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  looks int not null default 1,
  -- How often healing was tried, and when last.
  heals int not null default 0,
  healed_at timestamptz,
  decided_by text,
  decided_at timestamptz,
  note text,
  ended_at timestamptz
);
create unique index finding_key on tenantry.finding (key) where ended_at is null;
create index finding_area on tenantry.finding (area) where ended_at is null;
create index finding_ended on tenantry.finding (ended_at) where ended_at is not null;

-- When each comparison was last made, and who wants it again.
create table tenantry.reconciliation (
  area text primary key,
  -- Raised by whoever wants it now; `answered` is as high as the last one that was asked for and made.
  asked bigint not null default 0,
  answered bigint not null default 0,
  asked_dry_run boolean not null default false,
  started_at timestamptz,
  completed_at timestamptz,
  duration_ms int,
  -- What was looked at and how many calls it took, by source.
  looked jsonb not null default '{}',
  -- Why the last one could not be made.
  failure text
);
