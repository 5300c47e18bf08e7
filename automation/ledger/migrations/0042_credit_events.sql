-- Up Migration

-- Tells of credits that run low and out, in the transaction that takes them.
alter table tenantry.ledger_account
  -- Of a held account: a fifth of what was there after the last grant or top-up; null while nothing was ever given.
  add column low_below bigint,
  -- What was told since; null when there was enough.
  add column told text check (told in ('low', 'exhausted')),
  add check (kind = 'held' or (low_below is null and told is null));

update tenantry.ledger_account held set low_below = (given.available + 4) / 5
  from (select a.tenant_id, tenantry.ledger_available(a.tenant_id, clock_timestamp()) as available
        from tenantry.ledger_account a where a.kind = 'held') given
  where held.kind = 'held' and held.tenant_id = given.tenant_id and given.available > 0;

-- Each is told once as a balance goes down. `low` is told again only after twice as much was there, `exhausted` after the
-- balance was above low: work that holds and gives back around a limit tells nothing new. The credits are locked.
-- @param given something was granted or topped up: what is low is measured anew
create function tenantry.ledger_tell(of_tenant text, available bigint, given boolean) returns void language plpgsql as $$
declare
  account tenantry.ledger_account;
  tell text;
begin
  select * into strict account from tenantry.ledger_account where tenant_id = of_tenant and kind = 'held';
  if given and available > 0 then
    update tenantry.ledger_account set low_below = (available + 4) / 5, told = null where id = account.id;
    return;
  end if;
  tell := case
    when account.low_below is null then null
    when available = 0 then 'exhausted'
    when available <= account.low_below then coalesce(account.told, 'low')
    when available < 2 * account.low_below and account.told is not null then 'low'
    end;
  if tell is not distinct from account.told then
    return;
  end if;
  update tenantry.ledger_account set told = tell where id = account.id;
  if tell = 'exhausted' then
    perform tenantry.notify_emit('credits.exhausted', of_tenant, null,
      jsonb_build_object('tenantId', of_tenant, 'available', 0, 'held', account.balance));
  elsif tell = 'low' and account.told is null then
    perform tenantry.notify_emit('credits.low', of_tenant, null,
      jsonb_build_object('tenantId', of_tenant, 'available', available, 'lowBelow', account.low_below));
  end if;
end $$;

-- The ledger's functions that move a balance, each of which tells.

create or replace function tenantry.ledger_operate(op text, of_tenant text, op_cause text, wanted bigint, hold_cause text,
  metered boolean, final boolean, until timestamptz, at_time timestamptz) returns tenantry.ledger_outcome
language plpgsql as $$
declare
  result tenantry.ledger_outcome;
  held_account bigint := tenantry.ledger_lock(of_tenant);
  entry_cause text := op || ':' || op_cause;
  before bigint := tenantry.ledger_available(of_tenant, at_time);
  hold tenantry.ledger_hold;
  booked bigint;
  rest bigint;
  lot bigint;
  low bigint;
  told_before text;
begin
  if op <> 'release' and (wanted is null or wanted not between 1 and 9007199254740991) then
    raise exception 'an amount is from 1 to 2^53 - 1, not %', wanted using errcode = 'numeric_value_out_of_range';
  end if;
  result.outcome := 'done';
  result.amount := wanted;
  result.overshoot := 0;
  select sum(e.amount)::bigint, max(e.hold_id), coalesce(sum(e.amount) filter (where e.kind = 'overshoot'), 0)::bigint
    into booked, result.hold_id, result.overshoot
    from tenantry.ledger_entry e where e.tenant_id = of_tenant and e.cause = entry_cause;
  if hold_cause is not null then
    select * into hold from tenantry.ledger_hold where tenant_id = of_tenant and cause = hold_cause;
  end if;

  if booked is not null then
    result.outcome := case
      when op = 'release' and result.hold_id is not distinct from hold.id then 'repeated'
      when op <> 'release' and booked = wanted and (op = 'hold' or result.hold_id is not distinct from hold.id)
        then 'repeated'
      else 'conflict' end;
    result.amount := booked;
  elsif hold_cause is not null and hold.id is null then
    result.outcome := 'no_hold';
  elsif hold_cause is not null and not hold.open then
    result.outcome := 'hold_closed';

  elsif op = 'hold' then
    if before < wanted then
      result.outcome := 'insufficient';
    else
      insert into tenantry.ledger_hold (tenant_id, cause, amount, expires_at) values (of_tenant, op_cause, wanted, until)
        returning id into result.hold_id;
      perform tenantry.ledger_take(of_tenant, wanted, held_account, 'hold', entry_cause, result.hold_id, 0, at_time);
    end if;

  elsif op = 'capture' then
    rest := wanted;
    if hold.id is not null then
      rest := greatest(0, wanted - (hold.amount - hold.captured - hold.released));
    end if;
    if rest > 0 and hold.id is not null and not metered then
      result.outcome := 'exceeds_hold';
    elsif rest > before and not metered then
      result.outcome := 'insufficient';
    else
      if wanted - rest > 0 then
        insert into tenantry.ledger_entry (tenant_id, kind, cause, amount, from_account, to_account, hold_id)
          values (of_tenant, 'capture', entry_cause, wanted - rest, held_account, -2, hold.id);
        update tenantry.ledger_hold set captured = captured + wanted - rest where id = hold.id;
      end if;
      if rest > 0 then
        rest := rest - tenantry.ledger_take(of_tenant, rest, -2, 'capture', entry_cause, hold.id, 1, at_time);
      end if;
      if rest > 0 then
        insert into tenantry.ledger_entry (tenant_id, kind, cause, part, amount, from_account, to_account, hold_id)
          values (of_tenant, 'overshoot', entry_cause, -1, rest, -4, -2, hold.id);
      end if;
      result.overshoot := rest;
      result.hold_id := hold.id;
      if hold.id is not null and final then
        perform tenantry.ledger_give_back(hold.id, 'rest:' || op_cause, at_time);
      end if;
    end if;

  elsif op = 'release' then
    result.hold_id := hold.id;
    result.amount := tenantry.ledger_give_back(hold.id, entry_cause, at_time);

  elsif op = 'top_up' then
    if wanted > 9007199254740991 - before then
      result.outcome := 'overflow';
    else
      insert into tenantry.ledger_account (tenant_id, kind, balance, cause, expires_at)
        values (of_tenant, 'top_up', 0, op_cause, until) returning id into lot;
      insert into tenantry.ledger_entry (tenant_id, kind, cause, amount, from_account, to_account)
        values (of_tenant, 'top_up', entry_cause, wanted, -1, lot);
    end if;
  else
    raise exception 'unknown operation %', op;
  end if;

  result.available := tenantry.ledger_available(of_tenant, at_time);
  select balance, low_below, told into result.held, low, told_before from tenantry.ledger_account where id = held_account;
  if result.outcome = 'done' and (result.available = 0 or before = 0) then
    perform tenantry.ring_brake(of_tenant);
  end if;
  if result.outcome = 'done' and (op = 'top_up' or told_before is not null or result.available <= low) then
    perform tenantry.ledger_tell(of_tenant, result.available, op = 'top_up');
  end if;
  return result;
end $$;

create or replace function tenantry.ledger_grant(of_tenant text, grant_cause text, granted bigint, adds boolean, spend_until timestamptz)
returns boolean language plpgsql as $$
declare
  entry_cause text := 'grant:' || grant_cause;
  before bigint;
  lot bigint;
begin
  perform tenantry.ledger_lock(of_tenant);
  if exists (select from tenantry.ledger_account a where a.tenant_id = of_tenant and a.kind = 'plan' and a.cause = grant_cause) then
    return false;
  end if;
  before := tenantry.ledger_available(of_tenant, clock_timestamp());
  if not adds then
    perform tenantry.ledger_close(a.id, 'reset:' || grant_cause) from tenantry.ledger_account a
      where a.tenant_id = of_tenant and a.kind = 'plan' and not a.closed;
  end if;
  insert into tenantry.ledger_account (tenant_id, kind, balance, cause, spend_by)
    values (of_tenant, 'plan', 0, grant_cause, spend_until) returning id into lot;
  if granted > 0 then
    insert into tenantry.ledger_entry (tenant_id, kind, cause, amount, from_account, to_account)
      values (of_tenant, 'grant', entry_cause, granted, -1, lot);
  end if;
  -- The first ever finds no brake that it could free.
  if granted = 0 or (before = 0 and exists (select from tenantry.ledger_account a
      where a.tenant_id = of_tenant and a.kind in ('plan', 'top_up') and a.id <> lot)) then
    perform tenantry.ring_brake(of_tenant);
  end if;
  perform tenantry.ledger_tell(of_tenant, tenantry.ledger_available(of_tenant, clock_timestamp()), granted > 0);
  return true;
end $$;

create or replace function tenantry.ledger_expire(at_time timestamptz, most int) returns int language plpgsql as $$
declare
  due record;
  ended int := 0;
begin
  for due in select tenant_id, id, true as is_hold from tenantry.ledger_hold where open and expires_at <= at_time
      union all
      select tenant_id, id, false from tenantry.ledger_account where not closed and expires_at <= at_time
      order by tenant_id, is_hold desc, id limit most loop
    perform tenantry.ledger_lock(due.tenant_id);
    -- Somebody may have settled it while we waited for the lock.
    if due.is_hold then
      if exists (select from tenantry.ledger_hold where id = due.id and open) then
        perform tenantry.ledger_give_back(due.id, 'hold_expired:' || due.id, at_time);
      end if;
    elsif exists (select from tenantry.ledger_account where id = due.id and not closed) then
      perform tenantry.ledger_close(due.id, 'lot_expired:' || due.id);
    end if;
    perform tenantry.ring_brake(due.tenant_id);
    perform tenantry.ledger_tell(due.tenant_id, tenantry.ledger_available(due.tenant_id, at_time), false);
    ended := ended + 1;
  end loop;
  return ended;
end $$;
