-- Up Migration

-- What an operation began to apply and whose end was never recorded. The engine's state may lack what it made, and the
-- next operation may want something else: without this nobody would know what to look for.
alter table tenantry.tenant add column begun_spec jsonb;
