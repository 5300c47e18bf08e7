-- Up Migration

-- Uses of tenants that were admitted before they began. Who asks again by the same key gets the same reservation.
create table tenantry.reservation (
  id text primary key,
  tenant_id text not null references tenantry.tenant,
  key text not null,
  -- What was asked for, to tell a repeated question from another one by the same key.
  request jsonb not null,
  -- In millionths of a unit, as the meter counts.
  micro_units bigint not null check (micro_units between 1 and 9007199254740991),
  -- Told of a settled use; null where nothing is told.
  meter text,
  -- Set aside in the ledger under the reservation's id.
  credits bigint check (credits > 0),
  -- Set aside in the API budget under the reservation's id.
  cost_micros bigint check (cost_micros > 0),
  estimated_cost_micros bigint not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- Null while it is open.
  outcome text check (outcome in ('settled', 'released', 'expired')),
  settled_micro_units bigint,
  settled_cost_micros bigint,
  closed_at timestamptz,
  check ((outcome is null) = (closed_at is null)),
  check ((outcome is not distinct from 'settled') = (settled_micro_units is not null)),
  unique (tenant_id, key)
);
create index reservation_open on tenantry.reservation (tenant_id) where outcome is null;
create index reservation_expiry on tenantry.reservation (expires_at) where outcome is null;
create index reservation_closed on tenantry.reservation (closed_at) where outcome is not null;

-- What a reservation takes of the plan's entitlements.
create table tenantry.reservation_need (
  reservation_id text not null references tenantry.reservation on delete cascade,
  tenant_id text not null references tenantry.tenant,
  entitlement text not null,
  -- `limit`: of a month's allowance, until it is settled and told. `concurrency`: of what is in use at once. `rate`: of
  -- what begins within a time.
  kind text not null check (kind in ('limit', 'concurrency', 'rate')),
  micro_units bigint not null check (micro_units > 0),
  began_at timestamptz not null,
  primary key (reservation_id, entitlement, kind)
);
create index reservation_need_rate on tenantry.reservation_need (tenant_id, entitlement, began_at) where kind = 'rate';
