-- Up Migration

-- Tells of members that come, join, change and go. By a trigger, so that no way to change them goes past it.
create function tenantry.member_changed() returns trigger language plpgsql as $$
declare
  member tenantry.organization_member;
  told jsonb;
begin
  if tg_op = 'DELETE' then
    member := old;
  else
    member := new;
  end if;
  select jsonb_build_object('organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug),
      'member', jsonb_build_object('email', member.email, 'subject', member.subject, 'role', member.role))
    into told from tenantry.organization o where o.id = member.organization_id;
  -- An organization that goes takes its members along; there is nobody to tell.
  if told is null then
    return null;
  end if;
  if tg_op = 'INSERT' then
    perform tenantry.notify_emit('member.added', null, member.organization_id, told);
  elsif tg_op = 'DELETE' then
    perform tenantry.notify_emit('member.removed', null, member.organization_id, told);
  else
    if old.subject is null and new.subject is not null then
      perform tenantry.notify_emit('member.joined', null, member.organization_id, told);
    end if;
    if old.role <> new.role then
      perform tenantry.notify_emit('member.role_changed', null, member.organization_id,
        told || jsonb_build_object('was', old.role));
    end if;
  end if;
  return null;
end $$;
create trigger member_changed after insert or update or delete on tenantry.organization_member
  for each row execute function tenantry.member_changed();
