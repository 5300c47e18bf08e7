-- Up Migration

-- What business figures are made of (docs/business-figures.md). Amounts a month are micro-units, 10,000 a cent.

-- Append-only: as of `at`, by Stripe's clock, a subscription had these terms. The same whatever the order of events, as
-- every line says of which instant it is.
create table tenantry.figures_observation (
  id bigint generated always as identity primary key,
  subscription_id text not null,
  at timestamptz not null,
  source text not null check (source in ('invoice', 'event', 'fetch')),
  source_id text not null,
  -- Order within a second.
  rank smallint not null,
  status text not null,
  account text not null,
  checkout_id text,
  product text,
  plan text,
  seats bigint not null,
  currency text not null,
  -- [{"from": seconds, "micros": a month}], in order of time.
  rates jsonb not null,
  recorded_at timestamptz not null default clock_timestamp(),
  unique (subscription_id, source, source_id)
);

-- Append-only: money that was billed and paid, and what was given back. Whole cents, without tax.
create table tenantry.figures_payment (
  id text primary key,
  kind text not null check (kind in ('invoice', 'credit_note', 'refund')),
  at timestamptz not null,
  currency text not null,
  cents bigint not null,
  subscription_id text,
  invoice_id text,
  settles boolean not null default false,
  recorded_at timestamptz not null default clock_timestamp()
);
create index figures_payment_settles on tenantry.figures_payment (subscription_id) where settles;
create index figures_payment_at on tenantry.figures_payment (at);

-- Refunds that pay a credit note out: they are the note, not one more.
create table tenantry.figures_credit_note_refund (
  refund_id text primary key,
  credit_note_id text not null
);

-- Checkouts of plans with a price, as they were opened.
create table tenantry.figures_checkout (
  id text primary key,
  at timestamptz not null default now(),
  product text not null,
  plan text not null
);
create index figures_checkout_at on tenantry.figures_checkout (at);

-- Terms of discounts, as events only name them.
create table tenantry.figures_discount (
  id text primary key,
  ends_at timestamptz,
  coupon jsonb not null
);

-- Credit notes and refunds that were looked at.
create table tenantry.figures_event (
  event_id text primary key,
  at timestamptz not null default now()
);

create function tenantry.figures_are_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the figures log is append-only';
end $$;
create trigger figures_observation_append_only before update or delete or truncate on tenantry.figures_observation
  for each statement execute function tenantry.figures_are_append_only();
create trigger figures_payment_append_only before update or delete or truncate on tenantry.figures_payment
  for each statement execute function tenantry.figures_are_append_only();

-- What follows from the log: each subscription's stretches of time in which it counts the same. Written anew whenever its
-- log grows.
create table tenantry.figures_segment (
  subscription_id text not null,
  from_at timestamptz not null,
  to_at timestamptz check (to_at > from_at),
  standing text not null check (standing in ('pending', 'trial', 'free', 'paying', 'suspended', 'ended')),
  account text not null,
  checkout_id text,
  product text not null,
  plan text not null,
  seats bigint not null,
  currency text not null,
  micros bigint not null check (micros >= 0),
  primary key (subscription_id, from_at),
  check ((standing = 'paying') = (micros > 0))
);
create index figures_segment_paying on tenantry.figures_segment (to_at) where standing = 'paying';

create index stripe_event_subscription on tenantry.stripe_event (subscription_id) where subscription_id is not null;
create index stripe_event_given_back on tenantry.stripe_event (received_at) where object_type in ('credit_note', 'refund');
create index figures_observation_at on tenantry.figures_observation (at);
