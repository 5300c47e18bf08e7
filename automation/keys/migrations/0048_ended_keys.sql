-- Up Migration

-- Tells every process of keys that count no more, or not as they did: what remembers them forgets them, and what they opened
-- ends. By triggers, so that no way to end a key goes past it.
create function tenantry.api_key_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('tenantry_key', old.id);
  return null;
end $$;
create trigger api_key_removed after delete on tenantry.api_key
  for each row execute function tenantry.api_key_changed();
create trigger api_key_changed after update on tenantry.api_key for each row
  when (old.secret_sha256 <> new.secret_sha256 or old.scopes <> new.scopes
    or old.expires_at is distinct from new.expires_at)
  execute function tenantry.api_key_changed();
